# Small samples, floors and local minima for the stats_*_test.ts: inputs and results as JSON on stdout.
# clubSandwich is not in Debian: CR2 and its df stand here as their definition, with whole matrices.
suppressPackageStartupMessages(library(psych))
set.seed(826)

source("json.R")

# Bell & McCaffrey 2002; Pustejovsky & Tipton 2018: A_g = (I - H_gg)^(-1/2), Moore-Penrose where it is
# singular; df by Satterthwaite, for independent rows.
cr2 <- function(X, y, cluster, term) {
  N <- nrow(X)
  M <- solve(crossprod(X))
  H <- X %*% M %*% t(X)
  R <- diag(N) - H
  beta <- M %*% crossprod(X, y)
  e <- y - X %*% beta
  parts <- lapply(unique(cluster), function(g) {
    at <- which(cluster == g)
    own <- eigen(R[at, at, drop = FALSE], symmetric = TRUE)
    half <- ifelse(own$values > 1e-10, 1 / sqrt(pmax(own$values, 1e-10)), 0)
    A <- own$vectors %*% (half * t(own$vectors))
    q <- A %*% X[at, , drop = FALSE] %*% M[, term]
    list(part = sum(q * e[at]), p = R[, at, drop = FALSE] %*% q)
  })
  se <- sqrt(sum(sapply(parts, function(one) one$part)^2))
  P <- crossprod(do.call(cbind, lapply(parts, function(one) one$p)))
  df <- sum(diag(P))^2 / sum(P^2)
  estimate <- beta[term]
  list(
    estimate = estimate, se = se, df = df, p = 2 * pt(-abs(estimate / se), df),
    limits = array(estimate + c(-1, 1) * qt(0.975, df) * se)
  )
}
clusters <- function(cluster, group, value) {
  list(
    cluster = array(cluster), group = array(group), value = array(value),
    mean = cr2(matrix(1, length(value)), value, cluster, 1),
    difference = cr2(cbind(1, group), value, cluster, 2)
  )
}
drawn <- lapply(c(2, 3, 5, 12, 25, 39), function(G) {
  sizes <- sample(1:9, G, TRUE)
  cluster <- rep(seq_len(G), sizes)
  level <- rnorm(G)[cluster]
  group <- rbinom(length(cluster), 1, 0.5)
  group[1:2] <- 0:1
  clusters(cluster, group, round(level + rnorm(length(cluster)), 2))
})
printed <- list(
  clusters(
    c(1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 6, 6, 6),
    c(1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0),
    c(3, 1, 4, 2, 2, 5, 3, 6, 4, 1, 2, 1, 5, 4, 2)
  ),
  # All of group 1 but one row in one cluster.
  clusters(
    c(1, 1, 1, 3, 1, 2, 2, 3, 3, 3, 3), c(1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0),
    c(1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1)
  ),
  # All of group 1 in one cluster: its block of I - H is singular.
  clusters(c(1, 1, 2, 2, 3, 3, 3), c(1, 1, 0, 0, 0, 0, 0), c(1, 3, 2, 5, 1, 0, 4))
)

# The delta method on the five moments of two variables, with their covariances as they are.
robust <- function(x, y) {
  n <- length(x)
  moments <- cbind(x, y, x^2, y^2, x * y)
  of <- function(m) {
    (m[5] - m[1] * m[2]) / sqrt((m[3] - m[1]^2) * (m[4] - m[2]^2))
  }
  centre <- colMeans(moments)
  r <- of(centre)
  vx <- centre[3] - centre[1]^2
  vy <- centre[4] - centre[2]^2
  s <- sqrt(vx * vy)
  gradient <- c(
    -centre[2] / s + r * centre[1] / vx, -centre[1] / s + r * centre[2] / vy,
    -r / (2 * vx), -r / (2 * vy), 1 / s
  )
  se <- sqrt(drop(t(gradient) %*% cov(moments) %*% gradient) / n)
  half <- se / (1 - r^2)
  list(
    x = array(x), y = array(y), r = unname(r), se = se, p = 2 * pnorm(-abs(atanh(r)) / half),
    limits = array(unname(tanh(atanh(r) + c(-1, 1) * qnorm(0.975) * half)))
  )
}
floor <- function(n, lambda) pmin(6, rpois(n, lambda))
correlations <- list(
  robust(1:8, c(2, 1, 4, 3, 6, 7, 5, 9)),
  robust(c(0, 0, 1, 0, 0, 0, 6, 0, 5, 0), c(2, 3, 2, 4, 3, 2, 5, 3, 1, 2)),
  local({
    x <- floor(60, 0.5)
    robust(x, round(20 + 2 * x + rnorm(60, 0, 3)))
  }),
  local({
    x <- floor(300, 0.2)
    robust(x, round(30 - x * rnorm(300, 1, 2) + rnorm(300, 0, 4)))
  }),
  local({
    x <- round(rnorm(100, 15, 4))
    robust(x, -x + rnorm(100))
  })
)

flip <- function(d) {
  kept <- d[d != 0]
  signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), length(kept))))
  p <- mean(abs(signs %*% abs(kept)) >= abs(sum(kept)) - 1e-9)
  list(differences = array(d), informative = length(kept), p = p)
}
flips <- list(
  flip(c(1, 1, 1, 1, 1)), flip(c(2, 1, 1, -1, 3, 1, -2, 1)), flip(c(0, 0, 1, 1, 1)), flip(c(0, -2)),
  flip(round(rnorm(16, 0.4), 1)), flip(c(1, 2, -1, 3, 1, 1, 2, -2, 1, 1, 3, 1, -1) / 5)
)

# The least of 300 searches of optim, and psych's.
minres <- function(R) {
  k <- nrow(R)
  pairs <- lower.tri(R)
  loss <- function(l) sum((R - tcrossprod(l))[pairs]^2)
  slope <- function(l) {
    rest <- R - tcrossprod(l)
    diag(rest) <- 0
    -2 * drop(rest %*% l)
  }
  found <- lapply(1:300, function(i) {
    optim(runif(k, -1, 1), loss, slope, method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))
  })
  best <- found[[which.min(sapply(found, function(one) one$value))]]
  l <- best$par * sign(sum(best$par))
  psych <- suppressWarnings(fa(R, nfactors = 1, fm = "minres", n.obs = 800)$loadings[, 1])
  list(
    correlations = R, objective = best$value, loadings = array(l),
    omega = sum(l)^2 / (sum(l)^2 + sum(1 - l^2)),
    psych = array(unname(psych)) * sign(sum(psych))
  )
}
square <- function(below) {
  k <- (1 + sqrt(1 + 8 * length(below))) / 2
  R <- diag(k)
  R[lower.tri(R)] <- below
  R + t(R) - diag(k)
}
one <- tcrossprod(c(0.8, 0.7, 0.6, 0.5, 0.4))
diag(one) <- 1
omegas <- list(
  minres(square(c(0, .09, .35, .75, .09, .05, 0, 0, .05, .06, .09, .92, .35, .06, .09))),
  minres(one),
  # Two doublets that have little to do with each other.
  minres(square(c(.7, .1, .05, .1, .1, .05, .1, .6, .1, .1)))
)

cat(json(list(
  versions = list(R = as.character(getRversion()), psych = as.character(packageVersion("psych"))),
  clusters = c(printed, drawn), correlations = correlations, flips = flips, omega = omegas
)))
