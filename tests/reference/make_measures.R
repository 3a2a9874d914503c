# Scores, shares and paired comparisons by factors: Rscript make_measures.R > measures.json
# Means: lm with weights; se: sandwich::vcovCL(type = "HC0", cadjust = TRUE); paired differences of
# respondents' means: aggregate, merge, t.test, lm; sign flips: expand.grid; Holm: p.adjust.
library(sandwich)
set.seed(20261127)
source("json.R")
G <- 56
data <- expand.grid(repetition = 1:2, prompt = c("1", "2"), model = c("A", "B"), respondent = 1:G,
  stringsAsFactors = FALSE)
# 48 households; unbalanced: some respondents never saw prompt 2, some sheets are not there.
household <- c(1:48, 1:8)
data$cluster <- household[data$respondent]
data$weight <- round(rexp(G) + 0.2, 2)[data$respondent]
data <- data[!(data$prompt == "2" & data$respondent > 50), ]
data <- data[runif(nrow(data)) > 0.1, ]
trait <- rnorm(G)[data$respondent]
answer <- function(shift) pmin(5, pmax(1, round(3 + trait + shift * (data$prompt == "2") + rnorm(nrow(data)))))
data$a1 <- answer(0.4)
data$a2 <- 6 - answer(0.4) # reversed
data$a3 <- answer(-0.3)
data$a1[sample(nrow(data), 12)] <- NA
data$a3[sample(nrow(data), 9)] <- NA
data$score <- data$a1 + (6 - data$a2)

tested <- function(y, w, cluster) {
  own <- !is.na(y)
  y <- y[own]; w <- w[own]; cluster <- cluster[own]
  # lm looks for its weights in the formula's environment.
  model <- lm(y ~ 1, data = data.frame(y, w), weights = w)
  se <- sqrt(vcovCL(model, cluster = cluster, type = "HC0", cadjust = TRUE)[1, 1])
  df <- length(unique(cluster)) - 1
  estimate <- unname(coef(model))
  n <- length(y)
  list(n = n, estimate = estimate, se = se, df = df, p = 2 * pt(-abs(estimate / se), df),
    limits = array(estimate + c(-1, 1) * qt(0.975, df) * se),
    sd = sqrt(sum(w * (y - estimate)^2) / sum(w) * n / (n - 1)))
}
cells <- expand.grid(prompt = c("1", "2"), model = c("A", "B"), stringsAsFactors = FALSE)
scores <- lapply(seq_len(nrow(cells)), function(i) {
  own <- data[data$prompt == cells$prompt[i] & data$model == cells$model[i], ]
  c(as.list(cells[i, ]), tested(own$score, own$weight, own$cluster),
    list(missing = sum(is.na(own$score)), respondents = length(unique(own$respondent[!is.na(own$score)]))))
})
wilson <- function(p, n) {
  z <- qnorm(0.975)
  (p + z^2 / (2 * n) + c(-1, 1) * z * sqrt(p * (1 - p) / n + z^2 / (4 * n^2))) / (1 + z^2 / n)
}
shares <- do.call(c, lapply(c("1", "2"), function(prompt) {
  own <- data[data$prompt == prompt, ]
  lapply(1:5, function(value) {
    one <- tested(as.numeric(own$a3 == value), own$weight, own$cluster)
    w <- own$weight[!is.na(own$a3)]
    effective <- min(sum(w)^2 / sum(w^2), one$estimate * (1 - one$estimate) / one$se^2)
    list(prompt = prompt, value = value, n = one$n, missing = sum(is.na(own$a3)),
      count = sum(own$a3 == value, na.rm = TRUE), share = one$estimate, se = one$se,
      effective = effective, limits = array(wilson(one$estimate, effective)))
  })
}))
paired <- function(own, y, weighted) {
  means <- aggregate(y, list(respondent = own$respondent, prompt = own$prompt), mean, na.rm = TRUE)
  means <- means[!is.nan(means$x), ]
  both <- merge(means[means$prompt == "2", ], means[means$prompt == "1", ], by = "respondent")
  d <- both$x.x - both$x.y
  who <- match(both$respondent, data$respondent)
  if (!weighted) {
    t <- t.test(both$x.x, both$x.y, paired = TRUE)
    return(list(pairs = length(d), level = mean(both$x.x), against = mean(both$x.y),
      estimate = unname(t$estimate), se = unname(t$stderr), df = unname(t$parameter), p = t$p.value,
      limits = array(t$conf.int), d_z = mean(d) / sd(d),
      d_av = mean(d) / sqrt((var(both$x.x) + var(both$x.y)) / 2),
      h = suppressWarnings(2 * asin(sqrt(mean(both$x.x))) - 2 * asin(sqrt(mean(both$x.y)))),
      unpaired = sum(means$prompt == "2") - length(d), unpaired_against = sum(means$prompt == "1") - length(d)))
  }
  w <- data$weight[who]
  one <- tested(d, w, data$cluster[who])
  sds <- lapply(list(both$x.x, both$x.y), tested, w, data$cluster[who])
  c(one, list(pairs = length(d), d_z = one$estimate / one$sd,
    d_av = one$estimate / sqrt((sds[[1]]$sd^2 + sds[[2]]$sd^2) / 2)))
}
byModel <- function(weighted) {
  tests <- lapply(c("A", "B"), function(model) {
    own <- data[data$model == model, ]
    c(list(model = model), paired(own, own$score, weighted))
  })
  list(tests = tests, holm = array(p.adjust(sapply(tests, function(one) one$p), "holm")))
}
item <- lapply(1:5, function(value) c(list(value = value), paired(data, as.numeric(data$a3 == value), FALSE)))
# Twelve respondents, unweighted: every pattern of signs.
few <- data[data$respondent <= 12, ]
means <- aggregate(few$score, list(respondent = few$respondent, prompt = few$prompt), mean, na.rm = TRUE)
both <- merge(means[means$prompt == "2", ], means[means$prompt == "1", ], by = "respondent")
d <- (both$x.x - both$x.y)
d <- d[!is.nan(d) & d != 0]
signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), length(d))))
flip <- list(informative = length(d), p = mean(abs(signs %*% d) >= abs(sum(d)) - 1e-9))

cat(json(list(
  software = list(R = paste(R.version$major, R.version$minor, sep = "."),
    sandwich = as.character(packageVersion("sandwich"))),
  data = data[, c("respondent", "cluster", "weight", "model", "prompt", "repetition", "a1", "a2", "a3")],
  scores = scores, shares = shares, unweighted = byModel(FALSE), weighted = byModel(TRUE), item = item,
  flip = flip
)), "\n")
