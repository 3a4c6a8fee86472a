package markdown

import (
	"bytes"
	"html"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"

	"crawlbench/internal/plain"
)

// shown renders Markdown as HTML.
func shown(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	m := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList,
		extension.Footnote), goldmark.WithRendererOptions(renderer.WithUnsafe()))
	if err := m.Convert([]byte(text), &b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// check fails the test unless s is shown unchanged, in a list and in a table.
func check(tb testing.TB, s string) {
	tb.Helper()
	want := strings.Join(strings.Fields(html.EscapeString(plain.Line(s))), " ")
	alike := func(text, begin, end string) {
		tb.Helper()
		got, ok := strings.CutPrefix(text, begin)
		got, okEnd := strings.CutSuffix(got, end)
		got = strings.Join(strings.Fields(strings.NewReplacer("'", "&#39;", "&quot;", "&#34;").Replace(got)), " ")
		if !ok || !okEnd || got != want {
			tb.Errorf("%q is shown as %q, want %q", s, text, want)
		}
	}
	alike(shown(tb, "- "+Line(s)+"\n"), "<ul>\n<li>", "</li>\n</ul>\n")
	var b strings.Builder
	Table(&b, []string{"a", "b"}, [][]string{{s, "end"}})
	alike(shown(tb, b.String()), "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>",
		"</td>\n<td>end</td>\n</tr>\n</tbody>\n</table>\n")
}

// hostile are texts with special meaning in HTML, Markdown or a terminal.
var hostile = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></table><h1>", "<!-- ", "<https://example.com>",
	"&lt;b&gt; &amp; &#x3c;",
	"a|b", `a\`, `a\|b`, "`code`", "``", "*a* **b** _c_ __d__", "~~gone~~", "$x$", "[a](javascript:alert(1))",
	"![a](http://example.com/x.png)", "[a][b]", "[a]: http://example.com",
	"[^1]", "[x] done", "[ ] to do", "# heading", "## heading", "- item", "+ item", "* item", "1. item", "12) item",
	"> quoted", "---", "===", "```", "    code", "\tcode",
	"a\nb", "a\r\nb", "a\n\n# b", "a  \nb", `\`, `\\`, `\*`, "\x1b[2J\a", "\u202etxt.exe", "a\u200bb", "\xff\xfe",
	"\ufeff", "2.5x [0.27, 0.30]", "1.", "3)", "0.5", "", " ", "|", "||", `"quoted" 'text'`,
	"sync.(*Mutex).Lock", "a.(*b[...]).c d.go:12", "</ script >", "{{.}}", "${HOME}", "%3Cscript%3E", "<a href=\"x\">",
	"a<b>c", "![", "](", "][",
}

func TestMarkdownShowsTextAsItIs(t *testing.T) {
	for _, s := range hostile {
		check(t, s)
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 1000 {
			check(t, s)
		}
	})
}
