package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/plain/screen"
)

// README.md quotes the first sentence of the reference run and its first finding, and shows its pictures.
func TestReadmeQuotesTheReferenceRun(t *testing.T) {
	a := reference(t)
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	if now := requoted(t, readme, quotation(a)); now != readme && isWritten() {
		if err := os.WriteFile("README.md", []byte(now), 0o666); err != nil {
			t.Fatal(err)
		}
		readme = now
	} else if now != readme {
		t.Errorf("README.md does not quote the reference run, which says\n%s\n%s", quotation(a), remedy)
	}
	if wrong := requoted(t, readme, "    use cas\n"); requoted(t, wrong, quotation(a)) == wrong {
		t.Error("another quotation is not found")
	}
	m := a.Run.Manifest()
	if !strings.Contains(readme, m.Host["cpu"]) {
		t.Errorf("README.md does not name the machine of the reference run, %s", host.Model(m.Host))
	}
	links := regexp.MustCompile(`\((results/reference/[^)]*)\)`).FindAllStringSubmatch(readme, -1)
	if len(links) == 0 {
		t.Error("README.md shows no picture of the reference run")
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.FromSlash(link[1])); err != nil {
			t.Error(err)
		}
	}
}

// quotation returns what README.md quotes of a run.
func quotation(a *diagnose.Analysis) string {
	p := View(a, fragmentOf)
	var b strings.Builder
	screen.Screen{}.Paragraph(&b, "    ", glued(p.Summary))
	b.WriteByte('\n')
	screen.Screen{}.Paragraph(&b, "    ", glued(p.Findings[0].Text+"."))
	return b.String()
}

// requoted returns the text of README.md with another quotation.
func requoted(t *testing.T, readme, quotation string) string {
	t.Helper()
	at := regexp.MustCompile(`(?s)\n\*\*It tells which line\.\*\*.*?\n\n((?:    [^\n]*\n|\n)*)\n!\[`).
		FindStringSubmatchIndex(readme)
	if at == nil {
		t.Fatal("README.md has no indented block and a picture after \"It tells which line\"")
	}
	return readme[:at[2]] + quotation + readme[at[3]:]
}
