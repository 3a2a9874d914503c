# Small tables with profiles as clusters, for survival_test.ts: inputs and results as JSON on stdout.
suppressPackageStartupMessages(library(psych))
set.seed(826)

number <- function(x) ifelse(is.na(x), "null", sprintf("%.17g", x))
json <- function(x) {
  if (is.list(x) && !is.data.frame(x)) {
    return(paste0("{", paste0('"', names(x), '": ', vapply(x, json, ""), collapse = ",\n"), "}"))
  }
  if (is.data.frame(x)) x <- as.matrix(x)
  if (is.matrix(x)) {
    return(paste0("[", paste(apply(x, 1, function(row) json(array(row))), collapse = ", "), "]"))
  }
  text <- if (is.character(x)) paste0('"', x, '"') else number(x)
  if (is.array(x) || length(x) > 1) paste0("[", paste(text, collapse = ", "), "]") else text
}

# CR2 with Satterthwaite's df, for independent rows (Bell & McCaffrey 2002), with whole matrices.
clustered <- function(fit, term, cluster) {
  estimate <- unname(coef(fit)[term])
  X <- model.matrix(fit)
  M <- solve(crossprod(X))
  R <- diag(nrow(X)) - X %*% M %*% t(X)
  e <- residuals(fit)
  parts <- lapply(unique(cluster), function(g) {
    at <- which(cluster == g)
    own <- eigen(R[at, at, drop = FALSE], symmetric = TRUE)
    half <- ifelse(own$values > 1e-10, 1 / sqrt(pmax(own$values, 1e-10)), 0)
    q <- own$vectors %*% (half * t(own$vectors)) %*% X[at, , drop = FALSE] %*% M[, term]
    list(part = sum(q * e[at]), p = R[, at, drop = FALSE] %*% q)
  })
  se <- sqrt(sum(sapply(parts, function(one) one$part)^2))
  P <- crossprod(do.call(cbind, lapply(parts, function(one) one$p)))
  df <- sum(diag(P))^2 / sum(P^2)
  list(
    estimate = estimate, se = se, p = 2 * pt(-abs(estimate / se), df),
    limits = array(estimate + c(-1, 1) * qt(0.975, df) * se)
  )
}

# Tables 1-3: rows profile, in MaxN, in the category; one profile only in Base, one only in MaxN.
people <- do.call(rbind, lapply(1:12, function(profile) {
  tilt <- runif(1)
  groups <- if (profile == 11) 0 else if (profile == 12) 1 else 0:1
  do.call(rbind, lapply(groups, function(max) {
    n <- sample(2:5, 1)
    data.frame(profile, max, hit = rbinom(n, 1, 0.6 * tilt + 0.35 * max))
  }))
}))
counts <- table(people$max, people$hit)
shares <- list(
  rows = people,
  cluster = clustered(lm(hit ~ max, people), "max", people$profile),
  naive = suppressWarnings(
    prop.test(counts[2:1, "1"], rowSums(counts)[2:1], correct = FALSE)$p.value
  ),
  rare = list(
    count = array(c(4, 0)), n = array(c(9, 9)),
    fisher = fisher.test(matrix(c(4, 5, 0, 9), 2))$p.value
  )
)

# Table 4: rows profile, score of the sheet (0-6), score of the profile.
before <- c(1, 2, 2, 3, 4, 3, 5, 1, 0)
sheets <- do.call(rbind, lapply(1:9, function(profile) {
  n <- sample(1:3, 1)
  own <- pmin(6, pmax(0, before[profile] + sample(0:2, n, TRUE)))
  data.frame(profile, own, before = before[profile])
}))
means <- aggregate(cbind(own, before) ~ profile, sheets, mean)
test <- t.test(means$own, means$before, paired = TRUE)
away <- means$own - means$before
t <- unname(test$statistic)
df <- nrow(means) - 1
ncp <- function(share) {
  uniroot(function(ncp) pt(t, df, ncp) - share, c(-5, 20), tol = 1e-13)$root / sqrt(df + 1)
}
scores <- list(
  rows = sheets, estimate = unname(test$estimate), limits = array(test$conf.int),
  p = test$p.value,
  naive = t.test(sheets$own, sheets$before, paired = TRUE)$p.value,
  d = mean(away) / sd(away), d_limits = array(c(ncp(0.975), ncp(0.025))),
  d_av = mean(away) / sqrt((var(means$own) + var(means$before)) / 2),
  equivalence = max(
    t.test(away, mu = -0.5, alternative = "greater")$p.value,
    t.test(away, mu = 0.5, alternative = "less")$p.value
  )
)

# Tables A4 and A5: rows profile, then scores of the eight items of BFI-44 E (1-5).
trait <- do.call(rbind, lapply(1:9, function(profile) {
  level <- rnorm(1)
  t(sapply(1:2, function(sheet) {
    c(profile, pmin(5, pmax(1, round(3 + level + 0.8 * rnorm(8)))))
  }))
}))
average <- rowMeans(trait[, -1])
invisible(capture.output(
  raw <- suppressWarnings(psych::alpha(as.data.frame(trait[, -1]), check.keys = FALSE))
))
alpha <- raw$total$raw_alpha
n <- nrow(trait)
bfi <- list(
  rows = trait,
  mean = clustered(lm(average ~ 1), "(Intercept)", trait[, 1]),
  alpha = alpha,
  feldt = array(1 - (1 - alpha) * qf(c(0.975, 0.025), n - 1, (n - 1) * 7))
)

# Table 5: the profiles' means of the two.
sum_of <- tapply(rowSums(trait[, -1]), trait[, 1], mean)
r <- cor.test(means$own, sum_of)
correlation <- list(r = unname(r$estimate), p = r$p.value, limits = array(r$conf.int))

# Tables A6 and A7: rows profile, answer, the profile's answer; six of each sheet.
own <- matrix(rbinom(7 * 6, 1, 0.6), 7)
given <- do.call(rbind, lapply(1:7, function(profile) {
  do.call(rbind, lapply(seq_len(1 + profile %% 2), function(sheet) {
    swap <- rbinom(6, 1, 0.25)
    data.frame(profile, given = abs(own[profile, ] - swap), own = own[profile, ])
  }))
}))
at <- function(rows, hit) clustered(lm(hit[rows] ~ 1), "(Intercept)", given$profile[rows])
agreement <- list(
  rows = given,
  accuracy = at(given$own < 2, as.integer(given$own == given$given)),
  precision = at(given$given == 1, given$own),
  recall = at(given$own == 1, given$given),
  specificity = at(given$own == 0, 1 - given$given),
  kappa = psych::cohen.kappa(cbind(given$given, given$own))$kappa
)

# What stands beside the tests; nothing is drawn from here on.
max <- people[people$max == 1, ]
size <- tapply(max$hit, max$profile, length)
squares <- anova(lm(hit ~ factor(profile), max))[["Mean Sq"]]
typical <- (nrow(max) - sum(size^2) / nrow(max)) / (length(size) - 1)
icc <- (squares[1] - squares[2]) / (squares[1] + (typical - 1) * squares[2])
effect <- 1 + (sum(size^2) / nrow(max) - 1) * icc
share <- rowSums(counts)
log_se <- sqrt(sum(1 / counts[, "1"] - 1 / share))
ratio <- unname(counts["1", "1"] / share["1"] / (counts["0", "1"] / share["0"]))
shares$risk_ratio <- array(ratio * exp(c(0, -1, 1) * qnorm(0.975) * log_se))
shares$design_effect <- effect
shares$n_effective <- nrow(max) / effect

icc <- psych::ICC(cbind(means$own, means$before), lmer = FALSE)$results
of <- function(type) array(unlist(icc[icc$type == type, c("ICC", "lower bound", "upper bound")]))
scores$wilcoxon <- suppressWarnings(wilcox.test(away)$p.value)
scores$r <- cor(means$own, means$before)
scores$icc_a1 <- of("ICC2")
scores$icc_c1 <- of("ICC3")
scores$loa <- array(mean(away) + c(-1, 1) * qnorm(0.975) * sd(away))

bfi$items <- data.frame(
  mean = raw$item.stats$mean, sd = raw$item.stats$sd, item_rest = raw$item.stats$r.drop,
  alpha_dropped = raw$alpha.drop$raw_alpha
)
loading <- psych::fa(trait[, -1], nfactors = 1, fm = "minres")$loadings[, 1]
bfi$omega <- sum(loading)^2 / (sum(loading)^2 + sum(1 - loading^2))

agreement$mcc <- cor(given$given, given$own)
agreement$balanced <- (agreement$recall$estimate + agreement$specificity$estimate) / 2

ps <- c(0.0004, 0.012, 0.03, 0.004, 0.7)
cat(json(list(
  versions = list(
    R = as.character(getRversion()), psych = as.character(packageVersion("psych"))
  ),
  shares = shares, scores = scores, bfi = bfi, correlation = correlation, agreement = agreement,
  family = list(p = ps, holm = p.adjust(ps, "holm"), bh = p.adjust(ps, "BH"))
)))
