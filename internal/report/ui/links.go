package ui

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
)

// Links computes the paths of pages: relative to the root of the site, ending in a slash, "" for
// the root. In a static site, which has one run, the root is the page of that run, and the page of
// a path is its file index.html.
type Links struct{ static bool }

// Run returns the path of a run's page.
func (l Links) Run(run string) string {
	if l.static {
		return ""
	}
	return "runs/" + l.name(run) + "/"
}

// Cell returns the path of a cell's page.
func (l Links) Cell(run, id string) string { return l.Run(run) + "cells/" + l.name(id) + "/" }

// Matrix returns the path of the matrix of a run by a measure; see Measures.
func (l Links) Matrix(run, by string) string { return l.Run(run) + "matrix/" + by + "/" }

// Changes returns the path of the page of changes of a run since the run before; "" means against
// the other program of the run.
func (l Links) Changes(run, before string) string {
	if before == "" {
		return l.Run(run) + "changes/"
	}
	return l.Run(run) + "changes/" + l.name(before) + "/"
}

// Difference returns the path of the page of the difference of two cells, possibly of two runs.
func (l Links) Difference(run, id, other, base string) string {
	return l.Run(run) + "diff/" + l.name(id) + "/" + l.name(other) + "/" + l.name(base) + "/"
}

// Flame returns the path of a profile's flame graph.
func (l Links) Flame(run, id, kind string) string { return l.flame(l.Cell(run, id), kind) }

// DifferenceFlame returns the path of the flame graph of a difference, scaled by by.
func (l Links) DifferenceFlame(run, id, other, base, kind string, by Scaling) string {
	return l.flame(l.Difference(run, id, other, base), kind+"/"+string(by))
}

func (l Links) flame(page, kind string) string {
	if l.static {
		return page + kind + "/"
	}
	return page + kind + "/ui/flamegraph"
}

// Link returns the relative URL of the page at path to, for use in the page at path from.
func (l Links) Link(from, to string) string {
	to = l.Up(from) + to
	if l.static && (to == "" || strings.HasSuffix(to, "/")) {
		to += "index.html"
	}
	if to == "" {
		return "./"
	}
	return to
}

// Up returns the relative URL of the root, for use in the page at path.
func (l Links) Up(path string) string { return strings.Repeat("../", strings.Count(path, "/")) }

// name converts the name of a run, a cell or a kind to one path segment; in a static site, to a plain file name.
func (l Links) name(s string) string {
	if !l.static {
		return strings.ReplaceAll(url.PathEscape(s), "%2C", ",")
	}
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("=,._+-", r) {
			return r
		}
		return '_'
	}, s)
	if plain == s && strings.Trim(s, ".") != "" {
		return s
	}
	return fmt.Sprintf("%s-%.4x", plain, sha256.Sum256([]byte(s)))
}
