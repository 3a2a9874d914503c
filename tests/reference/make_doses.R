# Groups from summaries, trends over groups, doses within rows: Rscript make_doses.R > doses.json
# Welch, pooled t and ks.test are R's own, isoreg too; limits of d are roots of pt, those of Glass and Bonett
# their formulas; the exact tail and the variance of Jonckheere and Terpstra are counted over all deals.
set.seed(20261127)
source("json.R")
# Scores with exactly this mean and sd, for the tests that take scores.
exactly <- function(group) {
  z <- as.vector(scale(rnorm(group$n)))
  group$mean + group$sd * z
}
lines <- function(test) {
  list(estimate = unname(diff(rev(test$estimate))), t = unname(test$statistic), df = unname(test$parameter),
    p = test$p.value, limits = array(test$conf.int))
}
groups <- function(a, b) {
  x <- exactly(a); y <- exactly(b)
  pooled <- t.test(x, y, var.equal = TRUE)
  unit <- sqrt(1 / a$n + 1 / b$n)
  t <- unname(pooled$statistic)
  root <- function(tail) uniroot(function(ncp) suppressWarnings(pt(t, a$n + b$n - 2, ncp)) - tail,
    c(t - 8, t + 8), tol = 1e-12)$root
  glass <- (a$mean - b$mean) / b$sd
  glassVar <- a$sd^2 / (b$sd^2 * (a$n - 1)) + 1 / (b$n - 1) + glass^2 / (2 * (b$n - 1))
  s2 <- (a$sd^2 + b$sd^2) / 2
  bonett <- (a$mean - b$mean) / sqrt(s2)
  bonettVar <- bonett^2 * (a$sd^4 / (a$n - 1) + b$sd^4 / (b$n - 1)) / (8 * s2^2) +
    (a$sd^2 / (a$n - 1) + b$sd^2 / (b$n - 1)) / s2
  variances <- var.test(x, y)
  list(a = a, b = b, welch = lines(t.test(x, y)), pooled = lines(pooled),
    d = t * unit, dLimits = array(c(root(.975), root(.025)) * unit),
    J = exp(lgamma((a$n + b$n - 2) / 2) - log(sqrt((a$n + b$n - 2) / 2)) - lgamma((a$n + b$n - 3) / 2)),
    glass = glass, glassSe = sqrt(glassVar), bonett = bonett, bonettSe = sqrt(bonettVar),
    F = array(sqrt(c(variances$estimate, variances$conf.int))))
}
one <- function(mean, sd, n) list(mean = mean, sd = sd, n = n)
cases <- list(
  groups(one(3.42, .61, 120), one(3.12, .79, 850)),
  groups(one(2, 1, 5), one(3, 1, 5)),
  groups(one(2.26, 2.79, 826), one(2.16, 2.85, 60)),
  groups(one(0.4, 0.2, 12), one(0.38, 0.5, 7)),
  groups(one(4.1, .3, 3), one(2.9, .9, 400))
)
smirnov <- lapply(list(c(5, 6), c(8, 9), c(12, 30), c(40, 25), c(60, 200)), function(size) {
  x <- rbinom(size[1], 6, .5); y <- rbinom(size[2], 6, .4)
  test <- suppressWarnings(ks.test(x, y, exact = TRUE))
  list(x = array(x), y = array(y), D = unname(test$statistic), p = test$p.value)
})
apart <- ks.test(1:30 + .5, 41:90, exact = TRUE)
# Two of all deals; ks.test takes its p from 1 and has 7e-14.
smirnov[[6]] <- list(x = array(1:30 + .5), y = array(41:90), D = unname(apart$statistic), p = 2 / choose(80, 30))
# All deals of the pooled numbers to groups of these sizes, one index per different deal.
deals <- function(values, sizes) {
  if (length(sizes) == 1) return(list(list(values)))
  chosen <- combn(length(values), sizes[1], simplify = FALSE)
  do.call(c, lapply(chosen, function(at) {
    lapply(deals(values[-at], sizes[-1]), function(rest) c(list(values[at]), rest))
  }))
}
jt <- function(groups) {
  total <- 0
  for (j in seq_along(groups)) for (i in seq_len(j - 1)) {
    total <- total + sum(outer(groups[[i]], groups[[j]], "<")) + sum(outer(groups[[i]], groups[[j]], "==")) / 2
  }
  total
}
jonckheere <- lapply(list(c(3, 3, 3), c(2, 3, 4), c(4, 4), c(2, 2, 2, 2)), function(sizes) {
  values <- sample(0:4, sum(sizes), TRUE)
  groups <- split(values, rep(seq_along(sizes), sizes))
  found <- jt(groups)
  all <- vapply(deals(values, sizes), jt, 0)
  list(groups = unname(lapply(groups, array)), J = found, expected = mean(all),
    variance = mean((all - mean(all))^2), pRising = mean(all >= found - 1e-9), deals = length(all))
})
doses <- lapply(list(c(5, 7), c(12, 4), c(40, 3)), function(size) {
  k <- if (size[2] == 4) c(0, 1, 3, 6) else seq_len(size[2]) - 1
  y <- t(sapply(seq_len(size[1]), function(g) pmin(6, pmax(0, round(rnorm(1, 2) + .4 * k + rnorm(size[2]))))))
  long <- data.frame(y = as.vector(t(y)), k = rep(k, size[1]), g = factor(rep(seq_len(size[1]), each = size[2])))
  slopes <- sapply(seq_len(size[1]), function(g) unname(coef(lm(y[g, ] ~ k))[2]))
  spearman <- sapply(seq_len(size[1]), function(g) suppressWarnings(cor(y[g, ], k, method = "spearman")))
  test <- t.test(slopes)
  list(doses = array(k), rows = y, slopes = array(slopes), spearman = array(spearman),
    pooledSpearman = cor(long$y, long$k, method = "spearman"),
    mean = unname(test$estimate), se = test$stderr, limits = array(test$conf.int), p = test$p.value,
    within = 1 - deviance(lm(y ~ g + k, long)) / deviance(lm(y ~ g, long)),
    pooled = summary(lm(y ~ k, long))$r.squared,
    means = array(colMeans(y)), isotonic = array(isoreg(colMeans(y))$yf))
})
isotonic <- lapply(1:4, function(i) {
  values <- round(rnorm(12, seq(0, 2, length.out = 12)), 2)
  list(values = array(values), fit = array(isoreg(values)$yf))
})
spill <- local({
  slopes <- replicate(3, rnorm(15, c(.5, .1, 0)[1], .3))
  slopes[, 2] <- slopes[, 2] * .3; slopes[, 3] <- rnorm(15, 0, .2)
  sds <- c(1.7, 2.1, .9)
  tests <- lapply(1:3, function(u) t.test(slopes[, u] / sds[u]))
  list(slopes = t(slopes), sds = array(sds), estimate = array(sapply(tests, function(one) unname(one$estimate))),
    se = array(sapply(tests, function(one) one$stderr)), p = array(sapply(tests, function(one) one$p.value)),
    holm = array(c(NA, p.adjust(sapply(tests[2:3], function(one) one$p.value), "holm"))))
})
cat(json(list(R = paste(R.version$major, R.version$minor, sep = "."), groups = cases, smirnov = smirnov,
  jonckheere = jonckheere, doses = doses, isotonic = isotonic, spill = spill)), "\n")
