/** Columns that only results about opinions have. */
import { declare, declareLevels } from "../columns.ts";
import { EVALUATION, EVALUATION_INTERVALS, EVALUATION_LEVELS } from "./columns/evaluation.ts";

declare(EVALUATION, EVALUATION_INTERVALS);
for (const [name, levels] of Object.entries(EVALUATION_LEVELS)) declareLevels(name, levels);
