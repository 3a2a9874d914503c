/** The R scripts of models: short, and the same for the same data. */

export type Model = "crossed logit" | "crossed ordinal" | "invariance" | "DIF";

/** A package of R that a model needs, by its name on CRAN and in Debian. */
export interface Package {
  name: string;
  debian: string;
}

const ofCran = (name: string): Package => ({ name, debian: `r-cran-${name.toLowerCase()}` });

export const PACKAGES: Readonly<Record<Model, readonly Package[]>> = {
  "crossed logit": [ofCran("lme4")],
  "crossed ordinal": [ofCran("ordinal")],
  invariance: [ofCran("lavaan")],
  DIF: [ofCran("MASS")],
};

const CROSSED = (call: string, answer: string) => `
fitted <- function(scale) {
  own <- droplevels(data[data$scale == scale, ])
  own$persona <- factor(own$persona)
  own$item <- factor(own$item)${answer}
  # Who is in several groups differs between them in its own way.
  within <- any(rowSums(table(own$persona, own$group) > 0) > 1)
  terms <- c(
    if (nlevels(own$group) > 1) "group" else "1",
    if (within) "(group | persona)" else "(1 | persona)",
    "(1 | item)"
  )
  model <- ${call}
  found <- coef(summary(model))
  sds <- unlist(lapply(VarCorr(model), function(of) sqrt(diag(of))))
  none <- rep(NA, length(sds))
  data.frame(
    scale, parameter = c(rownames(found), paste("SD of", names(sds))),
    estimate = c(found[, 1], sds), se = c(found[, 2], none),
    z = c(found[, 3], none), p = c(found[, 4], none)
  )
}
`;

const FITS: Readonly<Record<Model, string>> = {
  "crossed logit": CROSSED('glmer(reformulate(terms, "answer"), own, family = binomial)', ""),
  "crossed ordinal": CROSSED(
    'clmm(reformulate(terms, "answer"), own)',
    "\n  own$answer <- factor(own$answer)",
  ),
  invariance: `
fitted <- function(scale) {
  items <- paste0("item", scales[[scale]])
  # Of few answers a mean says little, and loadings and thresholds are not told apart; of two
  # answers residuals that may differ would take up what thresholds differ by.
  answers <- length(unique(unlist(data[items])))
  few <- answers < 5
  alike <- c("thresholds", "loadings", if (answers == 2) "residuals")
  steps <- if (few) {
    setNames(list("", alike), c("form", paste(alike, collapse = ", ")))
  } else {
    list("form" = "", "loadings" = "loadings",
         "loadings, intercepts" = c("loadings", "intercepts"))
  }
  models <- lapply(steps, function(equal) {
    syntax <- paste("trait =~", paste(items, collapse = " + "))
    if (few) {
      cfa(syntax, data, group = "group", group.equal = equal, ordered = items,
          estimator = "WLSMV", parameterization = "theta")
    } else {
      cfa(syntax, data, group = "group", group.equal = equal, estimator = "MLR")
    }
  })
  rows <- lapply(seq_along(models), function(at) {
    fit <- fitMeasures(models[[at]])
    best <- function(name) {
      known <- paste0(name, c(".robust", ".scaled", ""))
      fit[[known[known %in% names(fit) & !is.na(fit[known])][1]]]
    }
    change <- if (at > 1) unlist(lavTestLRT(models[[at - 1]], models[[at]])[2, ]) else NA
    data.frame(
      scale, constraint = names(steps)[at],
      chi2_fit = best("chisq"), df_fit = best("df"), p = best("pvalue"),
      cfi = best("cfi"), rmsea = best("rmsea"), srmr = best("srmr"),
      chi2_change = change["Chisq diff"], df_change = change["Df diff"],
      p_change = change["Pr(>Chisq)"]
    )
  })
  rows <- do.call(rbind, rows)
  rows$cfi_change <- c(NA, diff(rows$cfi))
  last <- parameterEstimates(models[[length(models)]])
  means <- last[last$lhs == "trait" & last$op == "~1" & last$group > 1, ]
  # Means of a trait compare where items mean the same in all groups.
  together(list(rows, data.frame(
    scale, constraint = names(steps)[length(steps)],
    parameter = paste("mean of", lavInspect(models[[1]], "group.label")[means$group]),
    estimate = means$est, se = means$se, z = means$z, p = means$pvalue
  )))
}
`,
  DIF: `
likely <- function(model) as.numeric(logLik(model))
fitted <- function(scale) {
  items <- paste0("item", scales[[scale]])
  score <- as.numeric(scale(rowSums(data[items])))
  together(lapply(items, function(item) {
    own <- data.frame(y = factor(data[[item]]), score, group = data$group)
    model <- function(formula) {
      if (nlevels(own$y) == 2) glm(formula, binomial, own) else polr(formula, own, Hess = TRUE)
    }
    models <- lapply(list(y ~ 1, y ~ score, y ~ score + group, y ~ score * group), model)
    logs <- sapply(models, likely)
    r2 <- (1 - exp(2 / nrow(own) * (logs[1] - logs))) / (1 - exp(2 / nrow(own) * logs[1]))
    place <- paste0("group", levels(own$group)[2])
    found <- coef(summary(models[[3]]))[place, ]
    chi2 <- 2 * diff(logs)[2:3]
    data.frame(
      scale, item = as.integer(sub("item", "", item)), functioning = c("uniform", "other"),
      parameter = c(levels(own$group)[2], NA), estimate = c(found[1], NA), se = c(found[2], NA),
      chi2_dif = chi2, df_dif = 1, p = pchisq(chi2, 1, lower.tail = FALSE),
      r2_change = diff(r2)[2:3]
    )
  }))
}
`,
};

const quoted = (text: string): string => JSON.stringify(text);

/** @param of the groups in their order, and the numbers of the items of each scale */
export function scriptOf(
  model: Model,
  of: { groups: readonly string[]; scales: readonly (readonly [string, readonly number[]])[] },
): string {
  // R would take a scale T for a truth.
  const names = [...model.startsWith("crossed") ? ["scale"] : [], "group", "persona"];
  const scales = of.scales.map(([scale, items]) => `  ${quoted(scale)} = c(${items.join(", ")})`);
  return `# ${model}: Rscript model.R, in this folder, reads data.csv and writes estimates.csv.
${PACKAGES[model].map(({ name }) => `library(${name})`).join("\n")}

groups <- c(${of.groups.map(quoted).join(", ")})
scales <- list(
${scales.join(",\n")}
)
data <- read.csv("data.csv", colClasses = c(${
    names.map((name) => `${name} = "character"`).join(", ")
  }))
data$group <- factor(data$group, levels = groups)

together <- function(frames) {
  columns <- unique(unlist(lapply(frames, names)))
  do.call(rbind, lapply(frames, function(one) {
    one[setdiff(columns, names(one))] <- NA
    one[columns]
  }))
}
${FITS[model]}
# A scale that cannot be fitted does not take the others with it, and what R warns of is kept.
tried <- function(scale) {
  trouble <- character()
  heard <- function(restart) function(of) {
    trouble <<- union(trouble, trimws(conditionMessage(of)))
    invokeRestart(restart)
  }
  rows <- tryCatch(
    withCallingHandlers(fitted(scale), warning = heard("muffleWarning"),
                        message = heard("muffleMessage")),
    error = function(of) {
      trouble <<- union(trouble, conditionMessage(of))
      data.frame(scale)
    }
  )
  rows$trouble <- if (length(trouble)) paste(trouble, collapse = "; ") else NA
  rows
}
estimates <- together(lapply(names(scales), tried))
${
    model === "DIF"
      ? 'if ("p" %in% names(estimates)) estimates$p_holm <- p.adjust(estimates$p, "holm")\n'
      : ""
  }write.csv(estimates, "estimates.csv", row.names = FALSE, na = "")
`;
}
