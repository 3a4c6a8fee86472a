package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"

	"crawlbench/internal/plain"
	"crawlbench/internal/report"
)

//go:embed templates
var templates embed.FS

//go:embed assets
var assets embed.FS

// Site makes pages.
type Site struct {
	Links
	pages *template.Template
}

// newSite returns a site for serving, or if static, for files of a single run.
func newSite(static bool) (*Site, error) {
	s := &Site{Links: Links{static}}
	pages, err := report.Parts(s.cellOfRun)
	if err == nil {
		s.pages, err = pages.ParseFS(templates, "templates/*.html")
	}
	if err != nil {
		return nil, fmt.Errorf("make pages: %w", err)
	}
	return s, nil
}

// cellOfRun returns the URL of a cell relative to the page of its run.
func (s *Site) cellOfRun(id string) string { return s.Link("", "cells/"+s.name(id)+"/") }

// frame is the frame around the content of a page.
type frame struct {
	Title, Subtitle string
	Root            string // relative URL of the site's root
	Static          bool
	Crumbs          []anchor // path from the root to this page
	Tabs            []anchor // pages of the run
	Live            bool     // events update the page
	Plots           bool     // the page has interactive plots
	Body            template.HTML
}

// anchor is a link.
type anchor struct {
	Text, Href string
	Here       bool // link to the page itself
}

// render makes the page at path from a template and its data.
func (s *Site) render(name, path string, f frame, body any) ([]byte, error) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, body); err != nil {
		return nil, fmt.Errorf("make a page: %w", err)
	}
	f.Body = template.HTML(b.String()) // made by a template, which escapes
	f.Root, f.Static = s.Up(path), s.static
	b.Reset()
	if err := s.pages.ExecuteTemplate(&b, "frame.html", f); err != nil {
		return nil, fmt.Errorf("make a page: %w", err)
	}
	return []byte(plain.Text(b.String())), nil
}

// crumbs returns the links from the root to the page at path by way of the run's page.
func (s *Site) crumbs(path, run string, further ...anchor) []anchor {
	list := []anchor{{Text: run, Href: s.Link(path, s.Run(run))}}
	if !s.static {
		list = append([]anchor{{Text: "runs", Href: s.Link(path, "")}}, list...)
	}
	list = append(list, further...)
	list[len(list)-1].Here = true
	return list
}

// Assets returns the style sheets and scripts of the pages by their names below assets/.
func Assets() map[string]string {
	files := map[string]string{
		"plot.css": report.Style, "report.css": report.Asset("report.css"),
		"uplot.css": report.Asset("uplot/uPlot.min.css"), "uplot.js": report.Asset("uplot/uPlot.iife.min.js"),
		"uplot.LICENSE.txt": report.Asset("uplot/LICENSE"),
	}
	for _, name := range []string{"site.css", "explore.js", "live.js"} {
		text, err := assets.ReadFile("assets/" + name)
		if err != nil {
			panic(err) // embedded files cannot be missing
		}
		files[name] = string(text)
	}
	return files
}
