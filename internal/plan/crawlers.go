package plan

import (
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/crawl"
)

// setting is a parameter in the name of a crawler, as in backqueues.B=3W.
type setting struct{ name, value string }

// splitName returns the name of a crawler without its parameters, and these.
func splitName(s string) (base string, list []setting) {
	for {
		i := strings.LastIndexByte(s, '=')
		if i < 0 {
			return s, list
		}
		value := s[i+1:]
		dot := strings.LastIndexByte(s[:i], '.')
		if dot < 0 {
			return "", nil
		}
		list = append([]setting{{s[dot+1 : i], value}}, list...)
		s = s[:dot]
	}
}

// WithoutParameters returns the name of a crawler without its parameters.
func WithoutParameters(name string) string {
	base, _ := splitName(name)
	return base
}

// ValidCrawler reports whether s can be the name of a crawler, perhaps with parameters.
func ValidCrawler(s string) bool {
	base, list := splitName(s)
	return ValidName(base) && !slices.ContainsFunc(list, func(p setting) bool {
		return !ValidName(p.name) || !ValidName(p.value) || strings.Contains(p.name, ".")
	})
}

// Find returns the crawler in table with a name, which may set parameters: backqueues.B=3W.
func Find(table []crawl.Crawler, name string) (crawl.Crawler, error) {
	at := func(name string) int {
		return slices.IndexFunc(table, func(c crawl.Crawler) bool { return c.Name == name })
	}
	if i := at(name); i >= 0 {
		return table[i], nil
	}
	base, settings := splitName(name)
	i := at(base)
	if i < 0 {
		return crawl.Crawler{}, fmt.Errorf("no crawler %q%s: want one of %s", base, Nearest(base, namesOf(table)),
			names(table))
	}
	c := table[i]
	values := make([]int64, len(c.Params))
	for j, p := range c.Params {
		values[j] = p.Default
	}
	set := map[string]bool{}
	for _, s := range settings {
		j := slices.IndexFunc(c.Params, func(p crawl.Param) bool { return p.Name == s.name })
		switch {
		case len(c.Params) == 0:
			return c, fmt.Errorf("crawler %s has no parameters: leave out %q", base, s.name+"="+s.value)
		case j < 0:
			return c, fmt.Errorf("crawler %s has no parameter %q%s: want %s", base, s.name,
				Nearest(s.name, paramNames(c)), params(c))
		case set[s.name]:
			return c, fmt.Errorf("crawler %s: the parameter %s is set twice: set it once", base, s.name)
		}
		set[s.name] = true
		var err error
		if values[j], err = parseParam(c.Params[j], s.value); err != nil {
			return c, fmt.Errorf("crawler %s: %w", base, err)
		}
	}
	c.Name = name
	c.ByID, c.ByURL = c.With(values)
	return c, nil
}

func namesOf(table []crawl.Crawler) []string {
	var list []string
	for _, c := range table {
		list = append(list, c.Name)
	}
	return list
}

func paramNames(c crawl.Crawler) []string {
	var list []string
	for _, p := range c.Params {
		list = append(list, p.Name)
	}
	return list
}

// params describes the parameters of a crawler.
func params(c crawl.Crawler) string {
	var list []string
	for _, p := range c.Params {
		list = append(list, DescribeParam(p))
	}
	return strings.Join(list, ", ")
}
