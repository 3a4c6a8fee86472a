package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// String returns the count as written in a scenario: 8, or 4x for four times the cores.
func (c Count) String() string {
	if c.PerCore {
		return strconv.Itoa(c.N) + "x"
	}
	return strconv.Itoa(c.N)
}

// MarshalText returns String.
func (c Count) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String returns the rate as written in benchmark names: inf, or pages a second.
func (r Rate) String() string {
	if r == 0 {
		return "inf"
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64)
}

// MarshalText returns String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText parses the result of String.
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
		return 0, fmt.Errorf("invalid rate %s: want \"inf\" or pages/s between %g and %d",
			quoted(s), minRate, int(maxRate))
	}
	return Rate(x), nil
}

func parseCount(s string, most int) (Count, error) {
	digits, perCore := strings.CutSuffix(s, "x")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > most {
		return Count{}, fmt.Errorf("invalid count %s: want a number from 1 to %d, or \"4x\" for 4 times the cores",
			quoted(s), most)
	}
	return Count{N: n, PerCore: perCore}, nil
}

// ValidName reports whether s can be the name of a graph, a crawler, a limiter or a kind of
// profile: it becomes part of benchmark names and file names.
func ValidName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+", r))
	}) < 0
}

func parseName(s string) (string, error) {
	if !ValidName(s) || len(s) > maxName {
		return "", fmt.Errorf("invalid name %s: want up to %d letters, digits and . _ +, since it becomes part of "+
			"a benchmark's name",
			quoted(s), maxName)
	}
	return s, nil
}

// parseCrawler parses the name of a crawler.
func parseCrawler(s string) (string, error) {
	if ValidCrawler(s) && len(s) <= maxName {
		return s, nil
	}
	return parseName(s)
}

// parsePattern parses a crawler pattern.
func parsePattern(s string) (string, error) {
	if s == "*" || ValidCrawler(strings.TrimPrefix(s, "!")) && len(s) <= maxName {
		return s, nil
	}
	return "", fmt.Errorf("invalid crawler %s: want a name, * for all, or !name to leave one out; a name can set "+
		"a parameter, as in backqueues.B=3W", quoted(s))
}

func parseWord(s, what string, allowed []string) (string, error) {
	if !slices.Contains(allowed, s) {
		return "", fmt.Errorf("no %s %s%s: want one of %s", what, quoted(s), Nearest(s, allowed),
			strings.Join(allowed, ", "))
	}
	return s, nil
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
	return 0, fmt.Errorf("invalid size %s: want a number with KiB, MiB, GiB or TiB, at least \"64MiB\"", quoted(s))
}

// UnmarshalText parses the result of String.
func (c *Count) UnmarshalText(text []byte) (err error) {
	*c, err = parseCount(string(text), maxWorkers)
	return err
}

// ParseNames parses a comma-separated list of names and patterns.
func ParseNames(s string) ([]string, error) { return parseList(s, parsePattern) }

// ParseCounts parses a comma-separated list of counts: 1,8,4x.
func ParseCounts(s string) ([]Count, error) {
	return parseList(s, func(s string) (Count, error) { return parseCount(s, maxWorkers) })
}

// ParseRates parses a comma-separated list of rates: inf,5000.
func ParseRates(s string) ([]Rate, error) { return parseList(s, parseRate) }

// ParseLimiters parses a comma-separated list of names of limiters.
func ParseLimiters(s string, names []string) ([]string, error) {
	return parseList(s, func(s string) (string, error) { return parseWord(s, "limiter", names) })
}

// ParseKeys parses a comma-separated list of kinds of keys.
func ParseKeys(s string) ([]string, error) {
	return parseList(s, func(s string) (string, error) { return parseWord(s, "kind of keys", []string{"id", "url"}) })
}

// ParseTransports parses a comma-separated list of transports: memory,http.
func ParseTransports(s string) ([]Transport, error) { return parseList(s, parseTransport) }

func parseTransport(s string) (Transport, error) {
	name, err := parseWord(s, "transport", []string{Memory.String(), HTTP.String()})
	if err != nil || name == Memory.String() {
		return Memory, err
	}
	return Transport(name), nil
}

// ProfileKinds returns the kinds of profiles.
func ProfileKinds() []string { return []string{"cpu", "block", "mutex", "wall"} }

// ParseProfiles parses a comma-separated list of kinds of profiles; none is an empty list.
func ParseProfiles(s string) ([]string, error) {
	if s == "none" {
		return nil, nil
	}
	return parseList(s, func(s string) (string, error) {
		return parseWord(s, "kind of profile", ProfileKinds())
	})
}

// ParseSeed parses a seed.
func ParseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("invalid seed %s: want a whole number from 0 to %d", quoted(s), uint64(math.MaxUint64))
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
			return nil, fmt.Errorf("%v occurs twice in the list: give it once", x)
		}
		seen[x] = true
		list = append(list, x)
	}
	return list, nil
}
