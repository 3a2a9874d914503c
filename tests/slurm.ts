/**
 * A real SLURM cluster of one node, for tests: munge, the controller and the node's daemon, in a folder
 * and on ports of their own, as whoever runs the tests.
 */
import { join } from "node:path";
import { Folder } from "./made.ts";

/** Debian's names of what is needed: packages slurm-wlm and munge. */
const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"];
/** Where Debian keeps daemons, which an ordinary user's PATH lacks. */
const PATH = `${Deno.env.get("PATH")}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Why there can be no SLURM here; null where there can. */
export const lacking: string | null = lacks();

function lacks(): string | null {
  if (Deno.build.os !== "linux") return "SLURM runs on Linux only";
  const missing = PROGRAMS.filter((program) => !whereIs(program));
  return missing.length ? `${missing.join(", ")} not installed (slurm-wlm and munge)` : null;
}

function whereIs(program: string): string | undefined {
  return PATH.split(":").map((folder) => join(folder, program)).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** A port that nobody listens on now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A job as squeue shows it. */
export interface Job {
  /** Of its array; null where it is none. */
  task: number | null;
  state: string;
  reason: string;
}

export class Slurm implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly #env: Record<string, string>;
  /** As SLURM knows this machine. */
  #host = "";

  private constructor() {
    const at = this.path;
    this.#env = { PATH, SLURM_CONF: at("slurm.conf"), LC_ALL: "C" };
  }

  private path = (name: string): string => join(this.#folder.path, name);

  /**
   * Starts a cluster with so many processors, whatever the machine has.
   *
   * A requeued job waits until its credential has expired, two minutes as SLURM comes: here 5 s.
   */
  static async started(cpus = 4): Promise<Slurm> {
    const slurm = new Slurm();
    try {
      await slurm.#start(cpus);
      return slurm;
    } catch (error) {
      await slurm[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(cpus: number): Promise<void> {
    const at = this.path;
    for (const folder of ["state", "spool", "munge"]) await Deno.mkdir(at(folder));
    await Deno.chmod(at("munge"), 0o711);
    const user = await this.#run("id", ["-un"]);
    const host = this.#host = await this.#run("hostname", ["-s"]);
    const key = crypto.getRandomValues(new Uint8Array(128));
    await Deno.writeFile(at("munge/key"), key, { mode: 0o400 });
    await Deno.writeTextFile(
      at("slurm.conf"),
      `ClusterName=tests
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${at("munge/socket")},cred_expire=5
MpiDefault=none
SlurmctldPort=${freePort()}
SlurmdPort=${freePort()}
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}
SlurmctldPidFile=${at("slurmctld.pid")}
SlurmdPidFile=${at("slurmd.pid")}
SlurmctldLogFile=${at("slurmctld.log")}
SlurmdLogFile=${at("slurmd.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`,
    );
    await this.#run("munged", [
      // What is in a temporary folder lies below one that everybody may write to.
      "--force",
      `--socket=${at("munge/socket")}`,
      `--key-file=${at("munge/key")}`,
      `--pid-file=${at("munge/pid")}`,
      `--log-file=${at("munge/log")}`,
      `--seed-file=${at("munge/seed")}`,
    ]);
    await this.startController();
    await this.#run("slurmd", []);
    await this.idle();
  }

  /** Runs a program against this cluster; what it printed. */
  async #run(program: string, args: string[], cwd?: string): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      env: this.#env,
      ...cwd !== undefined && { cwd },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${text(stderr)}`);
    return text(stdout);
  }

  /** A client's command: `ask("sbatch", ["--parsable", "script"], folder)`. */
  async ask(program: string, args: string[], cwd?: string): Promise<string> {
    return await this.#run(program, args, cwd);
  }

  /** Submits by a line as it is typed, `sbatch …`, in a folder; the number of the job. */
  async submit(line: string, folder: string): Promise<string> {
    const [program, ...args] = line.split(" ");
    return await this.ask(program!, ["--parsable", ...args], folder);
  }

  /** What is queued or runs, tasks of arrays one by one. */
  async jobs(): Promise<Job[]> {
    const lines = await this.ask("squeue", ["--array", "--noheader", "--format=%K|%T|%r"]);
    return lines.split("\n").filter(Boolean).map((line) => {
      const [task, state, reason] = line.split("|") as [string, string, string];
      return { task: task === "N/A" ? null : Number(task), state, reason };
    });
  }

  /**
   * Waits until nothing is queued or runs any more.
   *
   * A controller that was killed forgets: what it takes for running has ended, and what it starts again goes
   * on, so that the node refuses the second copy, is drained, and the task is held for good, done or not.
   * What nothing comes of is cancelled, and the node taken back, as a user does who looks at the files.
   */
  async quiet(): Promise<void> {
    for (let idle = 0;;) {
      const jobs = await this.jobs().catch(() => null);
      if (jobs?.length === 0) break;
      const waits = jobs?.some(({ state, reason }) => state === "PENDING" && !/held/.test(reason));
      const drained = jobs && /drain|down/.test(await this.#state());
      idle = await this.#works() || (waits && !drained) ? 0 : idle + 1;
      if (idle === 20) {
        await this.ask("scancel", ["--user", await this.#run("id", ["-un"])]);
        idle = 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    if (/drain|down/.test(await this.#state())) {
      await this.ask("scontrol", ["update", `nodename=${this.#host}`, "state=resume"]);
    }
    await this.idle();
  }

  /** What the controller says of the node. */
  #state = (): Promise<string> => this.ask("sinfo", ["--noheader", "--format=%T"]).catch(String);

  /** Whether the node has a job, whatever the controller thinks. */
  async #works(): Promise<boolean> {
    const spool = await Array.fromAsync(Deno.readDir(this.path("spool")));
    return spool.some(({ name }) => /_\d+\.\d+$/.test(name));
  }

  /** Waits until the node takes jobs. */
  async idle(): Promise<void> {
    for (let tries = 0;; tries++) {
      const state = await this.#state();
      if (/^(idle|mixed|allocated)$/.test(state)) return;
      if (tries === 600) throw new Error(`The node does not come up: ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async startController(): Promise<void> {
    await this.#run("slurmctld", []);
    for (let tries = 0;; tries++) {
      const up = await this.ask("scontrol", ["ping"]).catch(String);
      if (/is UP/.test(up)) return;
      if (tries === 600) throw new Error(`The controller does not come up: ${up}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Kills the controller as a crash does. */
  async killController(): Promise<void> {
    await this.#kill("slurmctld.pid", "SIGKILL");
  }

  async #kill(file: string, signal: Deno.Signal): Promise<void> {
    const pid = Number(await Deno.readTextFile(this.path(file)).catch(() => ""));
    if (!pid) return;
    try {
      Deno.kill(pid, signal);
    } catch {
      return; // It has ended.
    }
    for (let tries = 0; tries < 300; tries++) {
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
      // One that nobody collects has ended as well.
      if (!stat || /\) Z /.test(stat)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    Deno.kill(pid, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Jobs first: without its daemon nothing ends them.
    await this.ask("scancel", ["--full", "--signal=KILL", "--state=RUNNING"]).catch(() => {});
    for (const file of ["slurmd.pid", "slurmctld.pid", "munge/pid"]) {
      await this.#kill(file, "SIGTERM");
    }
    this.#folder[Symbol.dispose]();
  }
}
