/** Columns that only results about opinions have. */
import { declare, declareLevels } from "../columns.ts";
import { ASKED, ASKED_INTERVALS } from "./columns/asked.ts";
import { DRAWN } from "./columns/drawn.ts";
import { EVALUATION, EVALUATION_INTERVALS, EVALUATION_LEVELS } from "./columns/evaluation.ts";

declare(DRAWN);
declare(ASKED, ASKED_INTERVALS);
declare(EVALUATION, EVALUATION_INTERVALS);
for (const [name, levels] of Object.entries(EVALUATION_LEVELS)) declareLevels(name, levels);
