# Opinions: Rscript make_opinions.R > opinions_r.json
# Crossed designs: anova(lm) and lme4::lmer (REML, which is the method of moments where nothing is negative).
# Weighted alignment, its jackknife, weighted shifts: the definitions, sandwich::vcovCL for the se of the mean.
# States: prop.test without correction.
suppressMessages({library(lme4); library(sandwich)})
set.seed(20261127)
source("json.R")
lines <- function(model) {
  table <- anova(model)
  list(df = array(table$Df), ss = array(table$`Sum Sq`), F = array(table$`F value`), p = array(table$`Pr(>F)`))
}
# Two factors with states as values; three factors.
two <- expand.grid(state = paste0("s", 1:6), simulator = c("s", "t", "u"), author = c("a", "b", "c", "d"),
  stringsAsFactors = FALSE)
effects <- list(author = rnorm(4, 0, 1), simulator = rnorm(3, 0, 1.2), both = matrix(rnorm(12, 0, .7), 4))
two$y <- effects$author[match(two$author, c("a", "b", "c", "d"))] +
  effects$simulator[match(two$simulator, c("s", "t", "u"))] +
  effects$both[cbind(match(two$author, c("a", "b", "c", "d")), match(two$simulator, c("s", "t", "u")))] +
  rnorm(nrow(two), 0, .5)
mixed <- lmer(y ~ (1 | author) + (1 | simulator) + (1 | author:simulator), two, control = lmerControl(
  optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12)))
vc <- as.data.frame(VarCorr(mixed))
component <- function(name) vc$vcov[vc$grp == name]
three <- expand.grid(form = c("m", "o", "d"), simulator = c("s", "t"), author = c("a", "b", "c"),
  stringsAsFactors = FALSE)
three <- rbind(three, three)
three$y <- rnorm(nrow(three)) + (three$form == "d") + (three$author == "b") * (three$simulator == "t")

# 110 respondents in 85 households, weights, three questions, some refusals.
G <- 110
x <- list(c(1, 2, 3, 4), c(1, 2, 4, 5, 3), c(1, 2))
r <- list(c(.3, .4, .2, .1), c(.2, .3, .1, .1, .3), c(.45, .55))
household <- c(1:85, 1:25)
weight <- round(rexp(G) + .3, 2)
answers <- sapply(1:3, function(q) sample(c(seq_along(x[[q]]), NA), G, TRUE, c(rep(1, length(x[[q]])), .3)))
align <- function(q, keep = rep(TRUE, G)) {
  own <- keep & !is.na(answers[, q])
  p <- sapply(seq_along(x[[q]]), function(k) sum(weight[own & answers[, q] == k])) / sum(weight[own])
  o <- order(x[[q]])
  d <- cumsum(p[o] - r[[q]][o])
  1 - sum(abs(head(d, -1)) * diff(x[[q]][o])) / diff(range(x[[q]]))
}
all <- function(keep = rep(TRUE, G)) { a <- sapply(1:3, align, keep = keep); c(a, mean(a)) }
left <- sapply(sort(unique(household)), function(h) all(household != h))
H <- length(unique(household))
se <- apply(left, 1, function(v) sqrt((H - 1) / H * sum((v - mean(v))^2)))

# The same respondents on three rungs; the shift of question 1 towards its first option.
rung <- lapply(1:3, function(k) sample(c(1:4, NA), G, TRUE, c(4 + k, 3, 2, 1, .8)))
score <- lapply(rung, function(a) (4 - a) / 3)
shifted <- function(y) {
  own <- !is.na(y)
  y <- y[own]; w <- weight[own]; cluster <- household[own]
  model <- lm(y ~ 1, data = data.frame(y, w), weights = w)
  df <- length(unique(cluster)) - 1
  s <- sqrt(vcovCL(model, cluster = cluster, type = "HC0", cadjust = TRUE)[1, 1])
  e <- unname(coef(model))
  list(n = length(y), clusters = df + 1, estimate = e, se = s, df = df, p = 2 * pt(-abs(e / s), df),
    limits = array(e + c(-1, 1) * qt(.975, df) * s))
}
slopes <- apply(do.call(cbind, score), 1, function(y) if (anyNA(y)) NA else unname(coef(lm(y ~ c(1, 2, 3)))[2]))

wilson <- function(yes, n) as.numeric(prop.test(yes, n, correct = FALSE)$conf.int)
states <- lapply(list(c(520, 990), c(480, 980), c(505, 1000), c(478, 1000), c(497, 1000), c(541, 1000), c(701, 1000)),
  function(s) list(yes = s[1], n = s[2], limits = array(wilson(s[1], s[2]))))

cat(json(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
    lme4 = as.character(packageVersion("lme4")), sandwich = as.character(packageVersion("sandwich"))),
  two = list(data = list(author = two$author, simulator = two$simulator, y = array(two$y)),
    terms = lines(lm(y ~ author * simulator, two)),
    components = list(author = component("author"), simulator = component("simulator"),
      both = component("author:simulator"), residual = component("Residual"))),
  three = list(data = list(author = three$author, simulator = three$simulator, form = three$form, y = array(three$y)),
    terms = lines(lm(y ~ author + simulator + form + author:simulator, three))),
  weighted = list(x = lapply(x, array), r = lapply(r, array), household = array(household), weight = array(weight),
    answers = lapply(1:3, function(q) array(answers[, q])), alignment = array(all()), se = array(se)),
  ladder = list(rungs = lapply(rung, array), shift = shifted(score[[3]] - score[[1]]), slope = shifted(slopes)),
  states = states)), "\n")
