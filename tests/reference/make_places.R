# Places taken with every option in every place, for validity_order_test.ts: inputs and results as JSON on stdout.
set.seed(7)

source("json.R")

K <- 4
personas <- 9
items <- 3
# What is meant, and one time in three the option that stands second instead.
cells <- expand.grid(shift = 0:(K - 1), item = seq_len(items), persona = seq_len(personas))
meant <- sample(K, personas * items, TRUE)[(cells$persona - 1) * items + cells$item]
second <- (1 + cells$shift) %% K + 1
cells$answer <- ifelse(runif(nrow(cells)) < 1 / 3, second, meant)
cells$place <- (cells$answer - 1 - cells$shift) %% K + 1

by_place <- lapply(seq_len(K), function(place) {
  # Personas have as many answers each, so that their means are what a test by cluster compares.
  test <- t.test(tapply(cells$place == place, cells$persona, mean), mu = 1 / K)
  list(
    place = place, share = mean(cells$place == place), se = test$stderr,
    lower = test$conf.int[1] - 1 / K, upper = test$conf.int[2] - 1 / K, p = test$p.value
  )
})

cat(json(list(versions = R.version.string, answers = cells$answer, places = by_place)), "\n")
