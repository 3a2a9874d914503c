# Numbers from R for stats_test.ts: inputs and results as JSON on stdout.
suppressPackageStartupMessages(library(psych))

# The shorter text where it reads back as the same double.
number <- function(x) {
  short <- sprintf("%.15g", x)
  ifelse(as.numeric(short) == x, short, sprintf("%.17g", x))
}

json <- function(x) {
  if (is.list(x) && !is.data.frame(x)) {
    inner <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[\n    ", paste(inner, collapse = ",\n    "), "\n  ]"))
    return(paste0("{", paste0('"', names(x), '": ', inner, collapse = ", "), "}"))
  }
  if (is.data.frame(x)) x <- as.matrix(x)
  if (is.matrix(x)) {
    return(paste0("[", paste(apply(x, 1, function(row) json(array(row))), collapse = ", "), "]"))
  }
  text <- if (is.character(x)) paste0('"', x, '"') else ifelse(is.na(x), "null", number(x))
  if (is.array(x) || length(x) > 1) paste0("[", paste(text, collapse = ", "), "]") else text
}

paired <- function(score, reference, level) {
  test <- t.test(score, reference, paired = TRUE, conf.level = level)
  list(
    differences = score - reference, level = level,
    estimate = unname(test$estimate), se = test$stderr, t = unname(test$statistic),
    df = unname(test$parameter), p = test$p.value,
    ciLower = test$conf.int[1], ciUpper = test$conf.int[2]
  )
}

correlation <- function(x, y) {
  test <- cor.test(x, y)
  list(x = x, y = y, r = unname(test$estimate), p = test$p.value)
}

share <- function(a, na, b, nb) {
  test <- suppressWarnings(prop.test(c(a, b), c(na, nb), correct = FALSE))
  list(
    a = list(count = a, n = na), b = list(count = b, n = nb),
    z = sign(a / na - b / nb) * sqrt(unname(test$statistic)), p = test$p.value
  )
}

reliability <- function(name, items) {
  total <- suppressWarnings(psych::alpha(items, check.keys = FALSE, use = "pairwise"))$total
  list(name = name, items = items, alpha = total$raw_alpha)
}

holes <- as.matrix(attitude)
holes[cbind(c(1, 4, 4, 9, 17, 22, 30), c(2, 1, 5, 7, 3, 2, 6))] <- NA
ratings <- matrix(
  c(9, 6, 8, 7, 10, 6, 2, 1, 4, 1, 5, 2, 5, 3, 6, 2, 6, 4, 8, 2, 8, 6, 9, 7), 6,
  dimnames = list(NULL, paste0("J", 1:4))
)

tails <- expand.grid(t = c(0.5, 1.96, 5, 12, 30, 36), df = c(2, 9, 825, 4129, 41298))
shares <- c(0, 0.1, 0.25, 0.5, 0.9, 1)
before <- sleep$extra[sleep$group == 1]
after <- sleep$extra[sleep$group == 2]

reference <- list(
  versions = list(
    R = paste(R.version$major, R.version$minor, sep = "."),
    psych = as.character(packageVersion("psych"))
  ),
  sd = lapply(list(mtcars$mpg, women$height, 1e7 + after), function(values) {
    list(values = values, sd = sd(values))
  }),
  proportionZ = list(
    share(45, 200, 80, 210), share(3, 40, 11, 38),
    share(0, 50, 9, 60), share(2207, 4956, 2542, 4956)
  ),
  pairedT = list(paired(after, before, 0.95), paired(before, after, 0.99)),
  tTail = lapply(seq_len(nrow(tails)), function(i) {
    with(tails[i, ], list(t = t, df = df, p = 2 * pt(t, df, lower.tail = FALSE)))
  }),
  pearson = with(anscombe, list(
    correlation(x1, y1), correlation(x2, y2), correlation(x3, y3), correlation(x4, y4),
    correlation(women$height, women$weight), correlation(-cars$speed, cars$dist)
  )),
  cronbachAlpha = list(
    reliability("attitude", attitude),
    reliability("attitude with holes", holes),
    reliability("Shrout and Fleiss ratings", ratings)
  ),
  quantile = lapply(list(mtcars$mpg, before), function(values) {
    list(values = values, quantiles = lapply(shares, function(share) {
      list(share = share, value = unname(quantile(values, share, type = 7)))
    }))
  })
)

sections <- paste0('  "', names(reference), '": ', vapply(reference, json, ""))
cat("{\n", paste(sections, collapse = ",\n"), "\n}\n", sep = "")
