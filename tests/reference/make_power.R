# Power from R's stats for stats_power_test.ts: inputs and results as JSON on stdout.
options(digits = 17)
paired <- list(c(0.2, 100), c(0.1, 826), c(0.5, 10), c(0.8, 3), c(1.5, 40))
rows <- sapply(paired, function(of) {
  found <- power.t.test(n = of[2], delta = of[1], sd = 1, type = "paired", strict = TRUE)
  sprintf('{"d": %.17g, "n": %d, "power": %.17g}', of[1], as.integer(of[2]), found$power)
})
wanted <- list(c(0.2, 0.8), c(0.1, 0.9), c(0.5, 0.8), c(1, 0.9))
sizes <- sapply(wanted, function(of) {
  found <- power.t.test(delta = of[1], sd = 1, power = of[2], type = "paired", strict = TRUE, tol = 1e-10)
  sprintf('{"d": %.17g, "power": %.17g, "n": %.17g}', of[1], of[2], found$n)
})
# power.prop.test takes the pooled variance for the null, so it is close and not equal.
shares <- list(c(0.4, 0.45), c(0.1, 0.15), c(0.5, 0.52))
props <- sapply(shares, function(of) {
  found <- power.prop.test(p1 = of[1], p2 = of[2], power = 0.8, tol = 1e-10)
  sprintf('{"a": %.17g, "b": %.17g, "n": %.17g}', of[1], of[2], found$n)
})
list_of <- function(rows) paste0("[", paste(rows, collapse = ", "), "]")
cat(sprintf(
  '{"versions": {"R": "%s"}, "paired": %s, "sizes": %s, "shares": %s}\n',
  paste(R.version$major, R.version$minor, sep = "."), list_of(rows), list_of(sizes), list_of(props)
))
