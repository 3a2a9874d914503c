# Weighted means in clusters: Rscript make_weighted.R > weighted.json
# CR1: sandwich::vcovCL(lm(value ~ 1, weights), type = "HC0", cadjust = TRUE). CR2 and its df: the
# definition with whole matrices, for rows of equal variance (Bell & McCaffrey 2002; Pustejovsky & Tipton
# 2018; a diagonal target of 1, as clubSandwich's default for lm with weights).
library(sandwich)
set.seed(20261126)
number <- function(x) sprintf("%.17g", x)
json <- function(x) {
  if (is.list(x)) {
    inner <- sapply(x, json)
    if (is.null(names(x))) return(paste0("[", paste(inner, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(x), '": ', inner, collapse = ", "), "}"))
  }
  text <- if (is.character(x)) paste0('"', x, '"') else number(x)
  if (is.array(x) || length(x) > 1) paste0("[", paste(text, collapse = ", "), "]") else text
}
cr2 <- function(y, w, cluster) {
  N <- length(y)
  h <- w / sum(w)
  R <- diag(N) - matrix(1, N, 1) %*% t(h)
  mean <- sum(h * y)
  e <- y - mean
  parts <- lapply(unique(cluster), function(g) {
    at <- which(cluster == g)
    block <- R[at, , drop = FALSE] %*% t(R[at, , drop = FALSE])
    own <- eigen(block, symmetric = TRUE)
    A <- own$vectors %*% ((1 / sqrt(own$values)) * t(own$vectors))
    q <- A %*% h[at]
    list(part = sum(q * e[at]), p = t(R[at, , drop = FALSE]) %*% q)
  })
  P <- crossprod(do.call(cbind, lapply(parts, function(one) one$p)))
  list(se = sqrt(sum(sapply(parts, function(one) one$part)^2)), df = sum(diag(P))^2 / sum(P^2))
}
one <- function(cluster, weight, value) {
  model <- lm(value ~ 1, weights = weight)
  G <- length(unique(cluster))
  tested <- if (G < 40) {
    cr2(value, weight, cluster)
  } else {
    list(se = sqrt(vcovCL(model, cluster = cluster, type = "HC0", cadjust = TRUE)[1, 1]), df = G - 1)
  }
  estimate <- unname(coef(model))
  n <- length(value)
  list(
    cluster = array(cluster), weight = array(weight), value = array(value), estimate = estimate,
    se = tested$se, df = tested$df, p = 2 * pt(-abs(estimate / tested$se), tested$df),
    limits = array(estimate + c(-1, 1) * qt(0.975, tested$df) * tested$se),
    sd = sqrt(sum(weight * (value - estimate)^2) / sum(weight) * n / (n - 1)),
    kish = sum(weight)^2 / sum(weight^2)
  )
}
drawn <- lapply(c(2, 3, 5, 12, 39, 40, 80), function(G) {
  sizes <- sample(1:9, G, TRUE)
  cluster <- rep(seq_len(G), sizes)
  # Weights of clusters, then of rows.
  lapply(list(round(rexp(G) + 0.1, 2)[cluster], round(rexp(length(cluster)) + 0.1, 2)), function(weight) {
    one(cluster, weight, round(rnorm(G)[cluster] + rnorm(length(cluster)) + 1, 2))
  })
})
cat(json(list(
  software = list(R = paste(R.version$major, R.version$minor, sep = "."),
    sandwich = as.character(packageVersion("sandwich"))),
  samples = do.call(c, drawn)
)), "\n")
