# What a round changed, with weights and households: survey's JK1 of the shares of two domains and their
# difference, and the chance that two different people differ, pair by pair.
suppressPackageStartupMessages(library(survey))
source("json.R")
set.seed(20261128)
n <- 40
d <- data.frame(respondent = 1:n, cluster = c(1:26, 1:14), weight = round(runif(n, .3, 3), 2),
  before = sample(1:3, n, TRUE, c(.5, .3, .2)))
d$heard <- sample(c(1:3, NA), n, TRUE, c(.5, .3, .1, .1))
d$after <- ifelse(runif(n) < .45 & !is.na(d$heard), d$heard, ifelse(runif(n) < .25, sample(1:3, n, TRUE), d$before))
d$to <- !is.na(d$heard) & d$heard != d$before
d$from <- !is.na(d$heard) & d$heard == d$before
design <- as.svrepdesign(svydesign(ids = ~cluster, weights = ~weight, data = d), type = "JK1")
share <- function(w, data, of, is) sum(w[of] * is[of]) / sum(w[of])
to <- function(w, data) share(w, data, data$to, data$after == data$heard)
from <- function(w, data) share(w, data, data$from, data$after != data$heard)
conformity <- withReplicates(design, function(w, data) to(w, data) - from(w, data))
estimate <- as.numeric(coef(conformity)); se <- as.numeric(SE(conformity))
differ <- function(option) {
  pairs <- expand.grid(a = 1:n, b = 1:n); pairs <- pairs[pairs$a != pairs$b, ]
  w <- d$weight[pairs$a] * d$weight[pairs$b]
  sum(w * (option[pairs$a] != option[pairs$b])) / sum(w)
}
cat(json(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survey = as.character(packageVersion("survey"))),
  people = list(respondent = array(d$respondent), cluster = array(d$cluster), weight = array(d$weight),
    before = array(d$before), after = array(d$after), heard = array(d$heard)),
  to = to(d$weight, d), from = from(d$weight, d), conformity = estimate,
  limits = array(estimate + c(-1, 1) * qt(.975, length(unique(d$cluster)) - 1) * se),
  disagreement = array(c(differ(d$before), differ(d$after))))), "\n")
