# Zahl's jackknife of Shannon's entropy, as effective numbers, for validity_collapse_test.ts: JSON on stdout.
source("json.R")

entropy <- function(kinds) {
  p <- table(kinds) / length(kinds)
  -sum(p * log(p))
}
jackknifed <- function(counts) {
  kinds <- rep(seq_along(counts), counts)
  n <- length(kinds)
  pseudo <- vapply(seq_len(n), function(i) n * entropy(kinds) - (n - 1) * entropy(kinds[-i]), 0)
  test <- t.test(pseudo)
  list(
    counts = array(counts), seen = exp(entropy(kinds)), estimate = exp(mean(pseudo)),
    lower = exp(test$conf.int[1]), upper = exp(test$conf.int[2])
  )
}
cases <- list(c(5, 3, 2), c(826, 1, 1, 1), c(12, 9, 4, 4, 1, 1, 1), c(1, 1, 1, 1, 2), c(30, 2))
cat(json(list(versions = R.version.string, kinds = lapply(cases, jackknifed))), "\n")
