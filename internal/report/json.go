package report

// Schema is the version of the JSON that this program prints. It grows when a field is removed or changes its meaning;
// new fields do not change it.
const Schema = 1

// Formats returns the formats of a report.
func Formats() []string { return []string{"text", "markdown", "html", "json", "csv", "summary"} }
