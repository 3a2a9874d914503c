# Crossed and two-way means and Krippendorff's alpha for stats_crossed_test.ts and
# stats_krippendorff_test.ts: inputs and results as JSON on stdout.
# irr is not in Debian: alpha stands here as its definition, pair by pair.
suppressPackageStartupMessages(library(sandwich))
set.seed(54)

source("json.R")

crossed <- function(table) {
  n <- nrow(table); v <- ncol(table)
  long <- data.frame(y = c(t(table)), i = gl(n, v), v = gl(v, 1, n * v))
  ms <- summary(aov(y ~ i + v, long))[[1]][["Mean Sq"]]
  whole <- ms[1] + ms[2] - ms[3]
  df <- whole^2 / (ms[1]^2 / (n - 1) + ms[2]^2 / (v - 1) + ms[3]^2 / ((n - 1) * (v - 1)))
  bounded <- whole <= 0 || df < 1
  variance <- if (bounded) max(ms[1:2]) / (n * v) else whole / (n * v)
  if (bounded) df <- c(n, v)[which.max(ms[1:2])] - 1
  t <- mean(table) / sqrt(variance)
  list(
    table = table, ms = array(ms), se = sqrt(variance), df = df, bounded = as.numeric(bounded),
    t = t, p = 2 * pt(-abs(t), df),
    limits = array(mean(table) + c(-1, 1) * qt(0.975, df) * sqrt(variance))
  )
}
draws <- list(c(10, 4), c(6, 6), c(20, 5), c(3, 9), c(2, 2))
tables <- lapply(seq_along(draws), function(at) {
  n <- draws[[at]][1]; v <- draws[[at]][2]
  round(outer(rnorm(n), rnorm(v, 0, c(1, 0, 0.5, 2, 1)[at]), "+") + rnorm(n * v, 0.4), 2)
})
# A table whose mean squares leave nothing: rows and columns differ less than cells do.
small <- matrix(c(1, -1, -1, 1, -1, 1, 1, -1, 0.5), 3)

# The mean with HC1 errors by two clusters, of a table with gaps; sandwich counts each cluster's own G / (G − 1).
twoway <- function(value, row, column) {
  fit <- lm(value ~ 1)
  se <- function(...) sqrt(vcovCL(fit, ..., type = "HC0", cadjust = TRUE)[1, 1])
  list(
    value = array(value), row = array(row), column = array(column), rows = se(cluster = row),
    columns = se(cluster = column), single = se(cluster = seq_along(value)),
    both = se(cluster = data.frame(row, column))
  )
}
gaps <- lapply(c(30, 60, 200), function(n) {
  row <- sample(0:9, n, TRUE); column <- sample(0:5, n, TRUE)
  keep <- !duplicated(row * 10 + column)
  value <- round(rnorm(10)[row + 1] + rnorm(6)[column + 1] + rnorm(n), 2)
  twoway(value[keep], row[keep], column[keep])
})

# Krippendorff's alpha: every pair of values in a unit, every pair of all values.
alpha <- function(units, metric) {
  units <- Filter(function(u) length(u) >= 2, units)
  all <- unlist(units)
  delta <- function(c, k) {
    if (metric == "nominal") return(as.numeric(c != k))
    if (metric == "interval") return((c - k)^2)
    lo <- min(c, k); hi <- max(c, k)
    (sum(all >= lo & all <= hi) - (sum(all == c) + sum(all == k)) / 2)^2
  }
  pairs <- function(values) {
    total <- 0
    for (a in seq_along(values)) for (b in seq_along(values)) {
      if (a != b && values[a] != values[b]) total <- total + delta(values[a], values[b])
    }
    total
  }
  n <- length(all)
  observed <- sum(sapply(units, function(u) pairs(u) / (length(u) - 1))) / n
  1 - observed / (pairs(all) / (n * (n - 1)))
}
coded <- lapply(1:4, function(at) {
  units <- lapply(seq_len(c(8, 15, 20, 12)[at]), function(u) {
    array(pmin(5, pmax(1, round(rnorm(1, 3, 1.2) + rnorm(sample(1:5, 1), 0, 0.8)))))
  })
  metrics <- c("nominal", "ordinal", "interval")
  kept <- Filter(function(u) length(u) >= 2, units)
  jack <- function(metric) {
    left <- sapply(seq_along(kept), function(g) alpha(kept[-g], metric))
    sqrt((length(kept) - 1) / length(kept) * sum((left - mean(left))^2))
  }
  list(
    units = units, alpha = array(sapply(metrics, function(m) alpha(units, m))),
    se = array(sapply(metrics, jack))
  )
})

cat(json(list(
  versions = list(R = as.character(getRversion()), sandwich = as.character(packageVersion("sandwich"))),
  crossed = lapply(c(tables, list(small)), crossed),
  twoway = gaps, krippendorff = coded
)), "\n")
