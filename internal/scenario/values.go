package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/limiter"
)

// Bounds of what a scenario may ask for.
const (
	MaxRounds  = 10_000
	maxWorkers = 1 << 16
	maxName    = 64
	maxRate    = 1e9
	minRate    = 1e-3 // a page in a quarter of an hour
)

// String returns the count as a scenario has it: 8, or 4x for four times the cores.
func (c Count) String() string {
	if c.PerCore {
		return strconv.Itoa(c.N) + "x"
	}
	return strconv.Itoa(c.N)
}

// MarshalText writes String.
func (c Count) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String returns the rate as benchmark names have it: inf, or pages a second.
func (r Rate) String() string {
	if r == 0 {
		return "inf"
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64)
}

// MarshalText writes String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what String writes.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = parseRate(string(text))
	return err
}

func parseRate(s string) (Rate, error) {
	if s == "inf" {
		return 0, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= minRate && x <= maxRate) {
		return 0, fmt.Errorf("%s is no rate: want \"inf\", or pages a second from %g to %d", quoted(s), minRate, int(maxRate))
	}
	return Rate(x), nil
}

func rateOf(v value) (Rate, error) {
	if x, ok := v.number(); ok {
		return parseRate(strconv.FormatFloat(x, 'g', -1, 64))
	}
	if s, ok := v.str(); ok && s == "inf" {
		return 0, nil
	}
	return 0, fmt.Errorf("want \"inf\", or a number of pages a second, have %s", v.described())
}

func parseCount(s string, most int) (Count, error) {
	digits, perCore := strings.CutSuffix(s, "x")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > most {
		return Count{}, fmt.Errorf("%s is no count: want a number from 1 to %d, or \"4x\" for 4 times the cores", quoted(s), most)
	}
	return Count{N: n, PerCore: perCore}, nil
}

// countOf reads a count of at most so many.
func countOf(most int) func(value) (Count, error) {
	return func(v value) (Count, error) {
		if n, ok := v.integer(); ok {
			return parseCount(strconv.FormatInt(n, 10), most)
		}
		if s, ok := v.str(); ok {
			return parseCount(s, most)
		}
		return Count{}, fmt.Errorf("want a number, or \"4x\" for 4 times the cores, have %s", v.described())
	}
}

// described is the kind of v, with what it says if it is text.
func (v value) described() string {
	if s, ok := v.str(); ok {
		return quoted(s)
	}
	return v.kindName()
}

// validName reports whether s can be a part of a benchmark's name.
func validName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+", r))
	}) < 0
}

// nameOf reads a name.
func nameOf(v value) (string, error) {
	s, ok := v.str()
	if !ok {
		return "", fmt.Errorf("want a name in quotes, have %s", v.kindName())
	}
	if !validName(s) || len(s) > maxName {
		return "", fmt.Errorf("%s is no name: it may have up to %d letters, digits and . _ +, since it becomes part of a benchmark's name", quoted(s), maxName)
	}
	return s, nil
}

func parsePattern(s string) (string, error) {
	if s == "*" || validName(strings.TrimPrefix(s, "!")) && len(s) <= maxName {
		return s, nil
	}
	return "", fmt.Errorf("%s is no contender: want a name, * for all, or !name to leave one out", quoted(s))
}

// patternOf reads a pattern over the contenders.
func patternOf(v value) (string, error) {
	if s, ok := v.str(); ok {
		return parsePattern(s)
	}
	return "", fmt.Errorf("want a name in quotes, have %s", v.kindName())
}

// selects reports whether a list of patterns leaves in the contender of that name, if there is one.
func selects(patterns []string, name string) bool {
	in := len(patterns) > 0 && strings.HasPrefix(patterns[0], "!")
	for _, p := range patterns {
		switch p {
		case "*", name:
			in = true
		case "!" + name:
			in = false
		}
	}
	return in
}

// oneOf reads one of the words allowed.
func oneOf(allowed ...string) func(value) (string, error) {
	return func(v value) (string, error) {
		for _, word := range allowed {
			if s, ok := v.str(); ok && s == word {
				return s, nil
			}
		}
		return "", fmt.Errorf("%s is not allowed%s: want one of %s", v.described(), Nearest(v.text, allowed), strings.Join(allowed, ", "))
	}
}

func parseBytes(s string) (int64, error) {
	for _, unit := range []struct {
		name string
		size float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}} {
		if digits, ok := strings.CutSuffix(s, unit.name); ok {
			x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			if n := x * unit.size; err == nil && n >= 64<<20 && n < math.MaxInt64 {
				return int64(n), nil
			}
		}
	}
	return 0, fmt.Errorf("%s is no size: want a number with KiB, MiB, GiB or TiB, at least \"64MiB\"", quoted(s))
}

// ParseNames reads a list of names and patterns with commas between them, as a flag gives it.
func ParseNames(s string) ([]string, error) { return parseList(s, parsePattern) }

// ParseCounts reads a list of counts with commas between them: 1,8,4x.
func ParseCounts(s string) ([]Count, error) {
	return parseList(s, func(s string) (Count, error) { return parseCount(s, maxWorkers) })
}

// ParseRates reads a list of rates with commas between them: inf,5000.
func ParseRates(s string) ([]Rate, error) { return parseList(s, parseRate) }

// ParseLimiters reads a list of names of limiters with commas between them.
func ParseLimiters(s string) ([]string, error) {
	return parseList(s, func(word string) (string, error) {
		if !slices.Contains(limiter.Names(), word) {
			return "", fmt.Errorf("no limiter %s%s: there are %s", quoted(word), Nearest(word, limiter.Names()), strings.Join(limiter.Names(), ", "))
		}
		return word, nil
	})
}

// ParseSeed reads a seed.
func ParseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no seed: want a whole number from 0 to %d", quoted(s), uint64(math.MaxUint64))
	}
	return n, nil
}

func parseList[T comparable](s string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	seen := map[T]bool{}
	for _, word := range strings.Split(s, ",") {
		x, err := parse(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		if seen[x] {
			return nil, fmt.Errorf("%v stands in the list twice", x)
		}
		seen[x] = true
		list = append(list, x)
	}
	return list, nil
}
