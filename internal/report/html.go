package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plot"
)

// uPlot 1.6.32 by Leon Sorokin, MIT licence, as published; uplot/SHA256SUMS has the checksums.
//
//go:embed uplot/uPlot.iife.min.js uplot/uPlot.min.css uplot/LICENSE
var uplot embed.FS

//go:embed report.css report.js report.html
var own embed.FS

// HTML writes the report as one file that needs no other and no network.
func HTML(w io.Writer, a *diagnose.Analysis) error {
	page, err := template.New("report.html").Funcs(template.FuncMap{
		"svg":     func(s string) template.HTML { return template.HTML(s) }, // made by package plot, which escapes names
		"asset":   asset,
		"style":   func() template.CSS { return template.CSS(plot.Style) },
		"css":     func(name string) template.CSS { return template.CSS(asset(name)) },
		"js":      func(name string) template.JS { return template.JS(asset(name)) },
		"percent": func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
		"json": func(v any) (template.JS, error) {
			text, err := json.Marshal(v)
			return template.JS(text), err
		},
		"class": func(t table2, row, column int) string {
			if row < len(t.Colors) && column < len(t.Colors[row]) {
				return t.Colors[row][column]
			}
			return ""
		},
	}).ParseFS(own, "report.html")
	if err != nil {
		return err
	}
	if err := page.Execute(w, view(a)); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func asset(name string) string {
	for _, fs := range []embed.FS{own, uplot} {
		if text, err := fs.ReadFile(name); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	panic("no asset " + name)
}
