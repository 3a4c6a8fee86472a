package graph

import (
	"fmt"
	"strings"
)

// Spec specifies a graph. Each kind uses some of its fields; see Kinds.
type Spec struct {
	Kind string
	// Scale is the binary logarithm of the number of pages of an rmat.
	Scale int
	// Pages is the number of pages of the other generated kinds.
	Pages int
	// Degree is the mean number of links of a page, before duplicates are removed; for a tree, the
	// number of children.
	Degree int
	// Symmetric makes links lead both ways; for rmat, uniform and files.
	Symmetric bool
	// Copy is the share of links that copying takes from another page.
	Copy *float64
	// Hosts is the number of hosts.
	Hosts int
	// Intra is the share of a page's further links that stay in its host, and Chain the share of
	// hosts that are chains of listings; both for kind hosts.
	Intra *float64
	Chain *float64
	// Seed determines everything random, including the hosts of a graph whose kind defines none.
	Seed uint64
	// File is the file to read.
	File string
	// Start is the page from which crawls start, for a file its number in the file; "" means the kind's default.
	// It is text because numbers in files may be longer than 64 bits.
	Start string
}

// Field is a field of a Spec by its name in a scenario file. Value points to it.
type Field struct {
	Name  string
	Value any // *string, *bool, *int, *uint64 or **float64
}

// Fields returns the fields of s.
func (s *Spec) Fields() []Field {
	return []Field{
		{"kind", &s.Kind}, {"scale", &s.Scale}, {"pages", &s.Pages}, {"degree", &s.Degree}, {"hosts", &s.Hosts},
		{"copy", &s.Copy}, {"intra", &s.Intra}, {"chain", &s.Chain}, {"symmetric", &s.Symmetric}, {"seed", &s.Seed},
		{"start", &s.Start}, {"file", &s.File},
	}
}

// number returns the field's value as a number, and whether it is set. Text fields are never set.
func (f Field) number() (value float64, set bool) {
	switch v := f.Value.(type) {
	case *int:
		return float64(*v), *v != 0
	case **float64:
		if *v != nil {
			return **v, true
		}
	case *bool:
		if *v {
			return 1, true
		}
	}
	return 0, false
}

// value returns a numeric field by name, or its default.
func (s Spec) value(name string) float64 {
	for _, f := range s.Fields() {
		if v, set := f.number(); set && f.Name == name {
			return v
		}
	}
	k, _ := kind(s.Kind)
	p, _ := k.param(name)
	return p.Default
}

// count returns a whole numeric field by name, or its default.
func (s Spec) count(name string) int { return int(s.value(name)) }

// Problem is something wrong with one field of a specification, named as in a scenario file; ""
// means the whole specification.
type Problem struct{ Field, Msg string }

// Check returns the problems of s, including parameters that its kind does not have.
func (s Spec) Check() []Problem {
	k, ok := kind(s.Kind)
	if !ok {
		all := kindNames(func(Kind) bool { return true })
		return []Problem{{"kind", fmt.Sprintf("no graph kind %q: want one of %s", s.Kind, strings.Join(all, ", "))}}
	}
	var ps []Problem
	bad := func(field, format string, args ...any) { ps = append(ps, Problem{field, fmt.Sprintf(format, args...)}) }
	for _, f := range s.Fields() {
		p, has := k.param(f.Name)
		v, set := f.number()
		switch {
		case f.Name == "file" && has && s.File == "":
			bad("", "a graph of kind %s needs file, the path to read", k.Name)
		case f.Name == "file" && !has && s.File != "":
			bad("file", "a graph of kind %s is generated and has no file: choose a kind that reads one: %s",
				k.Name, strings.Join(kindNames(func(k Kind) bool { return k.format != "" }), ", "))
		case f.Name == "file":
		case set && !has:
			bad(f.Name, "a graph of kind %s has no %s: it has %s, seed and start",
				k.Name, f.Name, strings.Join(k.paramNames(), ", "))
		case p.Required && !set:
			bad("", "a graph of kind %s needs %s, the %s", k.Name, f.Name, p.Doc)
		case set && !(v >= p.Min && v <= p.Max):
			bad(f.Name, "must lie between %.12g and %.12g", p.Min, p.Max)
		}
	}
	if s.Start != "" {
		start, err := parseNumber([]byte(s.Start))
		n := s.pages()
		switch {
		case err != nil:
			bad("start", "%v", err)
		case n > 0 && (start.hi > 0 || start.lo >= uint64(n)):
			bad("start", "page %s does not exist: the graph has %d pages, numbered from 0", start, n)
		}
	}
	return ps
}

// pages returns the number of pages of a generated kind, 0 for a file.
func (s Spec) pages() int {
	if s.Kind == "rmat" && s.Scale > 0 && s.Scale < 32 {
		return 1 << s.Scale
	}
	if s.File != "" {
		return 0
	}
	return s.Pages
}

// String returns the kind and its parameters, defaults included.
func (s Spec) String() string {
	k, _ := kind(s.Kind)
	text := s.Kind
	for _, p := range k.Params {
		v := s.value(p.Name)
		switch {
		case p.Name == "symmetric" && s.Symmetric:
			text += " symmetric"
		case p.Name != "file" && v != 0:
			text += fmt.Sprintf(" %s=%.12g", p.Name, v)
		}
	}
	if s.File != "" {
		return text + " " + s.File
	}
	return fmt.Sprintf("%s seed=%d", text, s.Seed)
}
