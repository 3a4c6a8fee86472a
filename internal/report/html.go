package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// uplot is uPlot 1.6.32 by Leon Sorokin, MIT licence, as published; uplot/SHA256SUMS has the checksums.
//
//go:embed uplot/uPlot.iife.min.js uplot/uPlot.min.css uplot/LICENSE
var uplot embed.FS

//go:embed report.css report.js report.html parts.html
var own embed.FS

// Parts returns the templates of what a report is made of: verdict and method of a Page, findings,
// section, figure, cell-details of a CellDetails, and table. Package ui adds its pages to them.
func Parts(href Href) (*template.Template, error) {
	return template.New("parts").Funcs(template.FuncMap{
		"href":  func(id string) string { return href(id) },
		"svg":   func(s string) template.HTML { return template.HTML(s) }, // made by this package, which escapes names
		"si":    SI,
		"count": plain.Number[int],
		"json": func(v any) (template.JS, error) {
			text, err := json.Marshal(v)
			return template.JS(text), err
		},
	}).ParseFS(own, "parts.html")
}

// HTML writes the report as one file that needs no other files and no network.
func HTML(w io.Writer, a *diagnose.Analysis) error { return fullPage(a).html(w) }

func (p *Page) html(w io.Writer) error {
	page, err := Parts(fragmentOf)
	if err == nil {
		page, err = page.Funcs(template.FuncMap{
			"asset": Asset,
			"style": func() template.CSS { return template.CSS(Style) },
			"css":   func(name string) template.CSS { return template.CSS(Asset(name)) },
			"js":    func(name string) template.JS { return template.JS(Asset(name)) },
			"hash": func(name string) string {
				sum := sha256.Sum256([]byte(Asset(name)))
				return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			},
		}).ParseFS(own, "report.html")
	}
	if err != nil {
		return err
	}
	var b strings.Builder
	err = page.ExecuteTemplate(&b, "report.html", p)
	if err == nil {
		_, err = io.WriteString(w, plain.Text(b.String()))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// Asset returns a file that pages need: uplot/uPlot.iife.min.js, uplot/uPlot.min.css, uplot/LICENSE, report.js,
// report.css.
func Asset(name string) string {
	for _, fs := range []embed.FS{own, uplot} {
		if text, err := fs.ReadFile(name); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	panic("no asset " + name)
}
