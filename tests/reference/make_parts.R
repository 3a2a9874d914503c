# Changes in parts of a size for stats_parts_test.ts: inputs and results as JSON on stdout.
# Limits are where t.test of change - ratio * size is just significant; pseudo-values are made row by row.
set.seed(55)

source("json.R")

part <- function(sizes, changes, bound) {
  ratio <- mean(changes) / mean(sizes)
  away <- function(r, level) t.test(changes - r * sizes)$p.value - (1 - level)
  known <- t.test(sizes)$p.value < 0.05
  side <- function(level, sign) {
    # The p of the ratio falls from 1 at the estimate; beyond a step in which it crosses there is a root.
    far <- sign * 0.001
    while (away(ratio + far, level) > 0 && abs(far) < 1e6) far <- far * 1.5
    uniroot(away, sort(c(ratio, ratio + far)), level, tol = 1e-14)$root
  }
  greater <- function(x) t.test(x, alternative = "greater")$p.value
  s <- sign(mean(sizes))
  list(
    sizes = array(sizes), changes = array(changes), bound = bound, part = ratio,
    limits = array(if (known) c(side(0.95, -1), side(0.95, 1)) else c(NA, NA)),
    most = if (t.test(sizes)$p.value < 0.1) max(abs(c(side(0.9, -1), side(0.9, 1)))) else NA,
    size = t.test(sizes)$p.value,
    within = max(greater(s * bound * sizes + s * changes), greater(s * bound * sizes - s * changes)),
    powers = array(vapply(c(2, 5, 12, 60), function(n) {
      one <- function(x) {
        d <- abs(bound * mean(sizes)) / sd(x)
        power.t.test(n, d, 1, type = "one.sample", alternative = "one.sided")$power
      }
      max(0, one(bound * sizes + changes) + one(bound * sizes - changes) - 1)
    }, 0)),
    outside = min(1, 2 * min(
      greater(s * changes - s * bound * sizes), greater(-s * changes - s * bound * sizes)
    ))
  )
}
parts <- lapply(list(
  c(20, 3, 0.1, 0.5), c(12, -2, 1.6, 0.5), c(30, 1, -0.2, 0.25), c(8, 0.1, 0.1, 0.5), c(6, 5, 0, 0.1)
), function(of) {
  sizes <- round(rnorm(of[1], of[2]), 3)
  part(sizes, round(rnorm(of[1], of[3], 0.7) + 0.2 * sizes, 3), of[4])
})

people <- rnorm(14)
items <- round(outer(people, rep(1, 5)) + matrix(rnorm(70, sd = 1.2), 14), 2)
coefficient <- function(x) ncol(x) / (ncol(x) - 1) * (1 - sum(diag(cov(x))) / sum(cov(x)))
whole <- coefficient(items)
values <- vapply(seq_len(14), function(i) 14 * whole - 13 * coefficient(items[-i, ]), 0)

cat(json(list(
  versions = R.version.string,
  parts = parts, items = items, alpha = whole, values = array(values)
)), "\n")
