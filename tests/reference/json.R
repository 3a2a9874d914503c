# Results as JSON, every number as the double that it is: what the make_*.R here write.
number <- function(x) ifelse(is.na(x), "null", sprintf("%.17g", x))
json <- function(x) {
  if (is.data.frame(x)) x <- lapply(x, array)
  if (is.list(x)) {
    inner <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(inner, collapse = ",\n"), "]"))
    return(paste0("{", paste0('"', names(x), '": ', inner, collapse = ", "), "}"))
  }
  if (is.matrix(x)) {
    return(paste0("[", paste(apply(x, 1, function(row) json(array(row))), collapse = ", "), "]"))
  }
  text <- if (is.character(x)) paste0('"', x, '"') else number(x)
  if (is.array(x) || length(x) > 1) paste0("[", paste(text, collapse = ", "), "]") else text
}
