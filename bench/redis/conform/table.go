package conform

import (
	"fmt"
	"slices"
	"strings"
)

const head = `# Conformance of crawlers for fleets

Three processes of two workers, as groups of goroutines with clients of their own, on a server in memory, in virtual
time. A mutant may also be found by other checks than those listed, since it is not fixed which of two events at the
same time comes first.
`

// Table returns the text of conformance.md, given which checks find each mutant.
func Table(found map[string][]string) string {
	var b strings.Builder
	b.WriteString(head + "\n| check | the crawler must | crawlers |\n|---|---|---|\n")
	for _, c := range Checks() {
		who := "all"
		if c.durable {
			who = "redislease, redisshards"
		}
		if c.polite {
			who = "redisshards"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, c.Doc, who)
	}
	b.WriteString("\nThese crawlers are broken on purpose, by a change of a script or of what the client does:\n" +
		"\n| mutant | of | what is wrong | found by |\n|---|---|---|---|\n")
	for _, m := range Mutants() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Name, m.Of, m.Doc, strings.Join(found[m.Name], ", "))
	}
	return b.String()
}

// parse returns which checks find each mutant, given the text of conformance.md.
func parse(text string) map[string][]string {
	found := map[string][]string{}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 {
			continue
		}
		name := strings.TrimPrefix(cells[0], "| ")
		if slices.ContainsFunc(Mutants(), func(m Mutant) bool { return m.Name == name }) {
			found[name] = strings.FieldsFunc(strings.TrimSuffix(cells[3], "|"), func(r rune) bool {
				return r == ',' || r == ' '
			})
		}
	}
	return found
}
