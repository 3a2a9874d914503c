# Item-rest correlations for tables_test.ts: item scores and r.drop as JSON on stdout.
suppressPackageStartupMessages(library(psych))

numbers <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")

audit <- function(name, scores) {
  items <- as.data.frame(scores)
  # It prints its advice on stdout.
  invisible(capture.output(made <- suppressWarnings(psych::alpha(items, check.keys = FALSE))))
  dropped <- made$item.stats$r.drop
  # psych takes it from the covariances; from its definition it is the same number.
  defined <- sapply(seq_along(items), function(i) cor(items[[i]], rowSums(items[-i])))
  stopifnot(max(abs(dropped - defined)) < 1e-12)
  rows <- apply(scores, 1, numbers)
  paste0(
    '{"name": "', name, '", "scores": [', paste(rows, collapse = ", "), '], "r": ',
    numbers(dropped), "}"
  )
}

set.seed(826)
latent <- rnorm(40)
# Six items of two values, the fourth keyed the wrong way round; eight of five, the second and last.
two <- sapply(c(1, 1, 1, -1, 1, 1), function(sign) as.integer(sign * latent + rnorm(40) > 0))
five <- sapply(c(1, -1, 1, 1, 1, 1, 1, -1), function(sign) {
  pmin(5, pmax(1, round(3 + sign * latent + rnorm(40))))
})
cat(
  '{"versions": {"R": "', as.character(getRversion()), '", "psych": "',
  as.character(packageVersion("psych")), '"},\n"audits": [\n',
  audit("epqra", two), ",\n", audit("bigfive", five), "\n]}\n",
  sep = ""
)
