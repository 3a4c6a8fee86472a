package ui

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
)

// Links say where pages are: paths below the root of the site that end in a slash, "" for the root. In a static site,
// which is of one run, that run's page is the root, and the page of a path is its file index.html.
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

// Matrix returns the path of the matrix of a run by a measure, see Measures.
func (l Links) Matrix(run, by string) string { return l.Run(run) + "matrix/" + by + "/" }

// Changes returns the path of the page of what changed in a run since before; "" is the program
// that it was run against.
func (l Links) Changes(run, before string) string {
	if before == "" {
		return l.Run(run) + "changes/"
	}
	return l.Run(run) + "changes/" + l.name(before) + "/"
}

// Difference returns the path of the page of what a cell is without another, which may be one of another run.
func (l Links) Difference(run, id, other, base string) string {
	return l.Run(run) + "diff/" + l.name(id) + "/" + l.name(other) + "/" + l.name(base) + "/"
}

// Flame returns the path of a profile's flame graph.
func (l Links) Flame(run, id, kind string) string { return l.flame(l.Cell(run, id), kind) }

// DifferenceFlame returns the path of the flame graph of a difference, scaled as by says.
func (l Links) DifferenceFlame(run, id, other, base, kind string, by Scaling) string {
	return l.flame(l.Difference(run, id, other, base), kind+"/"+string(by))
}

func (l Links) flame(page, kind string) string {
	if l.static {
		return page + kind + "/"
	}
	return page + kind + "/ui/flamegraph"
}

// Link returns the URL of the page at the path to, in the page at the path from.
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

// Up returns the URL of the root in the page at path.
func (l Links) Up(path string) string { return strings.Repeat("../", strings.Count(path, "/")) }

// name makes a name of a run, a cell or a kind one segment of a path. In a file system it must be a plain one.
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
