# Raking, effective n, chi-squared and Rao and Scott's correction, for ../stats_samples_test.ts.
suppressPackageStartupMessages(library(survey))
options(digits = 17)
set.seed(20261127)
number <- function(x) if (is.na(x)) "null" else sprintf("%.17g", x)
list_of <- function(x) paste0("[", paste(vapply(x, number, ""), collapse = ", "), "]")

# Raked weights of people, by three margins.
raking <- local({
  n <- 240
  d <- data.frame(a = sample(0:2, n, TRUE), b = sample(0:1, n, TRUE), c = sample(0:4, n, TRUE),
                  w = round(runif(n, .5, 3), 3))
  pop <- list(data.frame(a = 0:2, Freq = c(500, 320, 180)), data.frame(b = 0:1, Freq = c(430, 570)),
              data.frame(c = 0:4, Freq = c(100, 250, 300, 250, 100)))
  des <- svydesign(~1, weights = ~w, data = d)
  r <- rake(des, list(~a, ~b, ~c), pop, control = list(maxit = 500, epsilon = 1e-10))
  w <- weights(r)
  sprintf('{"a": %s, "b": %s, "c": %s, "w": %s, "targets": [%s, %s, %s], "weights": %s, "kish": %s}',
          list_of(d$a), list_of(d$b), list_of(d$c), list_of(d$w), list_of(pop[[1]]$Freq),
          list_of(pop[[2]]$Freq), list_of(pop[[3]]$Freq), list_of(w), number(sum(w)^2 / sum(w^2)))
})

# Shares of weighted rows, by svymean; first-order Rao-Scott of its covariance.
fit <- function(n, clusters, strata, p, weighted) {
  cluster <- sample(seq_len(clusters) - 1, n, TRUE)
  stratum <- cluster %% strata
  base <- sample(seq_along(p) - 1, clusters, TRUE, p)
  own <- sample(seq_along(p) - 1, n, TRUE, p)
  level <- ifelse(runif(n) < .4, base[cluster + 1], own)
  w <- if (weighted) round(runif(n, .3, 4), 3) else rep(1, n)
  d <- data.frame(level = factor(level, levels = seq_along(p) - 1), cluster, stratum, w)
  des <- svydesign(ids = ~cluster, strata = ~stratum, weights = ~w, data = d)
  m <- svymean(~level, des)
  v <- diag(vcov(m)); s <- as.numeric(coef(m)); k <- length(p)
  deff <- n * sum(v / p) / (k - 1)
  chi2 <- n * sum((s - p)^2 / p) / deff
  sprintf('{"level": %s, "cluster": %s, "stratum": %s, "weight": %s, "shares": %s, "deff": %s, "chi2": %s, "p": %s}',
          list_of(level), list_of(cluster), list_of(stratum), list_of(w), list_of(p), number(deff),
          number(chi2), number(pchisq(chi2, k - 1, lower.tail = FALSE)))
}
fits <- c(fit(60, 12, 2, c(.3, .5, .2), TRUE), fit(80, 20, 1, c(.1, .2, .3, .4), FALSE),
          fit(150, 30, 3, c(.25, .25, .5), TRUE))

tails <- unlist(lapply(c(1, 2, 3, 4, 7, 10, 139, 140, 999), function(df)
  vapply(c(1e-8, .5, 1, 4, 20, 139, 700, 1800), function(x)
    sprintf('{"x": %s, "df": %s, "p": %s}', number(x), number(df),
            number(pchisq(x, df, lower.tail = FALSE))), "")))
square <- chisq.test(c(52, 31, 17), p = c(.48, .34, .18))

cat(sprintf('{"software": "R %s.%s, survey %s",\n"raking": %s,\n"fits": [%s],\n"tails": [%s],\n"square": {"chi2": %s, "p": %s}}\n',
            R.version$major, R.version$minor, packageVersion("survey"), raking,
            paste(fits, collapse = ",\n"), paste(tails, collapse = ",\n"),
            number(square$statistic), number(square$p.value)))
