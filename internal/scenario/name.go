package scenario

// ValidName reports whether s can be the name of a graph, a crawler, a limiter or a kind of profile: a part of a
// benchmark's name and of a file's.
func ValidName(s string) bool { return validName(s) }
