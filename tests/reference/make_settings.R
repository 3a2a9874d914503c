# Repeated measures and variance components of small made data: R (base), lme4.
#   Rscript tests/reference/make_settings.R > tests/reference/settings.json
suppressMessages({ library(jsonlite); library(lme4) })
set.seed(20261127)
repeated <- matrix(round(rnorm(40, rep(c(0, .2, .5, .9), each = 10)) + rep(rnorm(10), 4), 1), 10)
mlm <- lm(repeated ~ 1)
spherical <- anova(mlm, X = ~1, test = "Spherical")
eps <- as.numeric(sub(".*: *", "", grep("Greenhouse", attr(spherical, "heading"), value = TRUE)))
S <- SSD(mlm)$SSD / SSD(mlm)$df
k <- ncol(S); C <- diag(k) - 1 / k; D <- C %*% S %*% C
F_ <- spherical$F[1]
exact <- sum(diag(D))^2 / ((k - 1) * sum(D^2))
stopifnot(abs(exact - eps) < 1e-3)
fr <- friedman.test(repeated)
crossed <- expand.grid(r = 1:2, s = 1:6, p = 1:15)
ep <- rnorm(15, sd = 1.5); es <- rnorm(6, sd = .7); eps2 <- matrix(rnorm(90, sd = .6), 15)
crossed$y <- round(3 + ep[crossed$p] + es[crossed$s] + eps2[cbind(crossed$p, crossed$s)] + rnorm(180, sd = .5), 2)
crossed <- crossed[-sort(sample(180, 40)), ]
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
components <- function(m) { v <- as.data.frame(VarCorr(m)); setNames(as.list(v$vcov), v$grp) }
full <- lmer(y ~ 1 + (1 | p) + (1 | s) + (1 | p:s), crossed, control = control)
one <- crossed[crossed$r == 1, ]
single <- lmer(y ~ 1 + (1 | p) + (1 | s), one, control = control)
cat(toJSON(list(
  made_with = paste(R.version.string, "lme4", packageVersion("lme4")),
  repeated = repeated,
  anova = list(F = F_, epsilon = exact, p = pf(F_, k - 1, (k - 1) * 9, lower.tail = FALSE),
               p_corrected = pf(F_, exact * (k - 1), exact * (k - 1) * 9, lower.tail = FALSE)),
  friedman = list(chi2 = unname(fr$statistic), p = fr$p.value),
  crossed = crossed[c("p", "s", "r", "y")],
  full = components(full), single = components(single)
), digits = NA, auto_unbox = TRUE))
