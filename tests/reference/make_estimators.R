# Numbers from R for the stats_*_test.ts: inputs and results as JSON on stdout.
suppressPackageStartupMessages({
  library(psych)
  library(sandwich)
  library(lme4)
})
set.seed(826)

# The shorter text where it reads back as the same double.
number <- function(x) {
  short <- sprintf("%.15g", x)
  ifelse(as.numeric(short) == x, short, sprintf("%.17g", x))
}

json <- function(x) {
  if (is.list(x) && !is.data.frame(x)) {
    inner <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[\n    ", paste(inner, collapse = ",\n    "), "\n  ]"))
    return(paste0("{", paste0('"', names(x), '": ', inner, collapse = ", "), "}"))
  }
  if (is.data.frame(x)) x <- as.matrix(x)
  if (is.matrix(x)) {
    return(paste0("[", paste(apply(x, 1, function(row) json(array(row))), collapse = ", "), "]"))
  }
  text <- if (is.character(x)) paste0('"', x, '"') else ifelse(is.na(x), "null", number(x))
  if (is.array(x) || length(x) > 1) paste0("[", paste(text, collapse = ", "), "]") else text
}

shares <- function(a, na, b, nb) {
  table <- matrix(c(a, na - a, b, nb - b), 2)
  # prop.test without its continuity correction gives Wilson's interval of one share.
  list(
    a = list(count = a, n = na), b = list(count = b, n = nb),
    fisher = fisher.test(table)$p.value,
    wilson = array(suppressWarnings(prop.test(a, na, correct = FALSE))$conf.int)
  )
}

noncentral <- function(t, df, ncp) {
  list(t = t, df = df, ncp = ncp, lower = pt(t, df, ncp))
}

# The noncentralities that leave 2.5 % in either tail, from R's own pt.
effect <- function(mean, sd, n) {
  t <- mean / sd * sqrt(n)
  limit <- function(share) {
    uniroot(function(x) pt(t, n - 1, x) - share, t + c(-8, 8), tol = 1e-14)$root / sqrt(n)
  }
  list(mean = mean, sd = sd, n = n, limits = array(c(limit(0.975), limit(0.025))))
}

rank <- function(differences) {
  test <- suppressWarnings(wilcox.test(differences))
  list(differences = array(differences), v = unname(test$statistic), p = test$p.value)
}

ratings <- function(scores) {
  made <- psych::ICC(scores, lmer = FALSE)$results
  list(
    ratings = scores,
    icc = array(made$ICC[1:3]),
    lower = array(made$`lower bound`[1:3]), upper = array(made$`upper bound`[1:3])
  )
}

correlation <- function(x, y, level) {
  test <- cor.test(x, y, conf.level = level)
  list(
    r = unname(test$estimate), n = length(x), level = level, limits = array(test$conf.int)
  )
}

overlapping <- function(xy, xz, yz, n) {
  test <- psych::r.test(n, xy, xz, yz)
  list(xy = xy, xz = xz, yz = yz, n = n, t = test$t, p = test$p)
}

reliability <- function(items) {
  # It prints its advice on stdout.
  invisible(capture.output({
    made <- suppressWarnings(psych::alpha(as.data.frame(items), check.keys = FALSE))
    factor <- psych::fa(as.data.frame(items), fm = "minres")
    omega <- suppressWarnings(psych::omega(as.data.frame(items), nfactors = 1, plot = FALSE))
  }))
  list(
    items = items, alpha = made$total$raw_alpha, standardised = made$total$std.alpha,
    feldt = array(c(made$feldt$lower.ci[[1]], made$feldt$upper.ci[[1]])),
    itemRest = array(made$item.stats$r.drop), dropped = array(made$alpha.drop$raw_alpha),
    loadings = array(abs(factor$loadings[, 1])),
    # psych puts the observed variance of the sum below, not that of the model.
    psychOmega = omega$omega.tot, psychOmegaBelow = sum(cor(items))
  )
}

clustered <- function(sizes, effect, spread, digits) {
  cluster <- rep(seq_along(sizes), sizes)
  group <- rbinom(length(cluster), 1, 0.45)
  latent <- rnorm(length(sizes), 0, effect)[cluster] + rnorm(length(cluster), 0, spread) + 0.2 * group
  value <- if (is.na(digits)) as.numeric(latent > 0.1) else round(latent, digits)
  mean <- lm(value ~ 1)
  difference <- lm(value ~ group)
  # HC0 with cadjust is CR1 without (n - 1) / (n - k): G / (G - 1) alone.
  se <- function(model, at) sqrt(vcovCL(model, cluster, type = "HC0", cadjust = TRUE)[at, at])
  squares <- anova(lm(value ~ factor(cluster)))$`Mean Sq`
  n <- length(value)
  typical <- (n - sum(sizes^2) / n) / (length(sizes) - 1)
  list(
    cluster = cluster, group = group, value = value,
    mean = list(estimate = unname(coef(mean)), se = se(mean, 1)),
    difference = list(estimate = unname(coef(difference)[2]), se = se(difference, 2)),
    df = length(sizes) - 1,
    icc = (squares[1] - squares[2]) / (squares[1] + (typical - 1) * squares[2])
  )
}

# With equal sizes REML's variances are those of ANOVA, if the ICC is positive.
multilevel <- function() {
  cluster <- rep(1:40, each = 5)
  value <- round(rnorm(40)[cluster] + rnorm(200), 2)
  made <- as.data.frame(VarCorr(lmer(value ~ 1 + (1 | cluster))))$vcov
  list(cluster = cluster, value = value, icc = made[1] / sum(made))
}

family <- function(p) {
  list(ps = array(p), holm = array(p.adjust(p, "holm")), bh = array(p.adjust(p, "BH")))
}

shrout <- matrix(c(9, 6, 8, 7, 10, 6, 2, 1, 4, 1, 5, 2, 5, 3, 6, 2, 6, 4, 8, 2, 8, 6, 9, 7), 6)
trait <- rnorm(200)
five <- sapply(1:6, function(i) pmin(5, pmax(1, round(3 + trait + rnorm(200)))))
two <- sapply(1:6, function(i) as.integer(0.8 * trait + rnorm(200) > 0.3))
pairs <- cbind(rnorm(826, 3, 1.5), 0)
pairs[, 2] <- round(0.7 * pairs[, 1] + rnorm(826), 2)
pairs[, 1] <- round(pairs[, 1], 2)

reference <- list(
  versions = list(
    R = paste(R.version$major, R.version$minor, sep = "."),
    psych = as.character(packageVersion("psych")),
    sandwich = as.character(packageVersion("sandwich")),
    lme4 = as.character(packageVersion("lme4"))
  ),
  shares = list(
    shares(45, 200, 80, 210), shares(3, 40, 11, 38), shares(0, 50, 9, 60), shares(7, 7, 1, 9),
    shares(1, 4130, 12, 4130), shares(2000, 4130, 2300, 4130)
  ),
  noncentralT = list(
    noncentral(1.96, 9, 1.96), noncentral(2, 5, -1), noncentral(5, 825, 4),
    noncentral(34, 825, 30), noncentral(20, 4129, 25), noncentral(0.5, 3, 2)
  ),
  cohenDz = list(effect(0.6, 0.9660917830792959, 10), effect(-0.3, 2, 826), effect(0.02, 1.3, 4130)),
  wilcoxon = list(
    rank(c(1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3) -
      c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)),
    rank(c(1, 0, 1, 0, 2, 1, 0, 2, 0, -1)), rank(round(rnorm(30, 0.4), 1)),
    rank(rnorm(49, 0.3)), rank(rnorm(50, 0.3)), rank(sample(-3:4, 826, TRUE)),
    rank(rnorm(300, 1.5)), rank(c(-1, -2, -3)), rank(c(0, 3)), rank(c(2, -2))
  ),
  icc = list(ratings(shrout), ratings(pairs), ratings(pairs[1:6, ]), ratings(five), ratings(two)),
  correlation = with(anscombe, list(
    correlation(x1, y1, 0.95), correlation(x4, y4, 0.99), correlation(-cars$speed, cars$dist, 0.8),
    correlation(women$height, women$weight, 0.95), correlation(c(1, 2, 3, 5), c(2, 1, 4, 3), 0.95)
  )),
  overlapping = list(
    overlapping(0.396, 0.179, 0.088, 66), overlapping(0.5, 0.2, 0.3, 103),
    overlapping(0.1, 0.1001, 0.5, 826), overlapping(-0.4, 0.35, 0.2, 4)
  ),
  reliability = list(reliability(as.matrix(attitude)), reliability(five), reliability(two)),
  clusters = list(
    clustered(c(2, 3, 2, 3, 2), 0.3, 1, NA), clustered(rep(5, 40), 1, 1, 2),
    clustered(sample(1:12, 60, TRUE), 0.6, 1, NA), clustered(sample(1:4, 300, TRUE), 0.4, 2, 3)
  ),
  multilevel = list(multilevel()),
  families = list(
    family(c(0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216)),
    family(c(0.01, NA, 0.04, 0.03, NA, 0.5)), family(c(NA, 0.04)), family(round(runif(40)^3, 6))
  )
)

sections <- paste0('  "', names(reference), '": ', vapply(reference, json, ""))
cat("{\n", paste(sections, collapse = ",\n"), "\n}\n", sep = "")
