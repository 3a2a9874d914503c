# Logistic models by glm, and the maximum of their ridge, of small made data.
#   Rscript make_logistic.R > logistic.json
source("json.R")
set.seed(54)
cases <- lapply(list(c(60, 2), c(200, 4)), function(size) {
  x <- matrix(round(rnorm(size[1] * size[2]), 2), size[1])
  y <- rbinom(size[1], 1, plogis(-0.5 + x %*% seq(0.3, 1, length.out = size[2])))
  fit <- glm(y ~ x, family = binomial, control = glm.control(epsilon = 1e-14, maxit = 50))
  # The ridge's maximum: where the gradient of the penalised log-likelihood is 0.
  ridge <- 2
  beta <- coef(fit)
  X <- cbind(1, x)
  P <- diag(c(0, rep(ridge, size[2])), size[2] + 1)
  for (step in 1:50) {
    p <- plogis(X %*% beta)
    beta <- beta + solve(t(X) %*% (X * c(p * (1 - p))) + P, t(X) %*% (y - p) - P %*% beta)
  }
  list(
    x = x, y = array(y), beta = array(coef(fit)), se = array(sqrt(diag(vcov(fit)))),
    p = array(fitted(fit)), ridge = ridge, penalised = array(beta)
  )
})
cat(json(list(versions = list(R = as.character(getRversion())), cases = cases)), "\n")
