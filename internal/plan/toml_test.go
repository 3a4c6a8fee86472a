package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// dump writes the places of values in the order of their names: the positions of key and value, and the value.
func dump(b *strings.Builder, p *place, v any, name, indent string) {
	fmt.Fprintf(b, "%s%s %d:%d", indent, name, p.key.line, p.key.col)
	switch v := v.(type) {
	case map[string]any:
		b.WriteString(" table\n")
		for _, name := range slices.Sorted(maps.Keys(v)) {
			dump(b, p.below[name], v[name], name, indent+"  ")
		}
	case []any:
		fmt.Fprintf(b, " list of %d\n", len(p.elements))
		for i, element := range v {
			dump(b, p.elements[i], element, "-", indent+"  ")
		}
	default:
		fmt.Fprintf(b, " = %d:%d %s %v\n", p.value.line, p.value.col, kindOf(v), v)
	}
}

// The API of the parser's tokens is unstable: this test detects changes.
func TestEveryValueHasItsPlace(t *testing.T) {
	values, root, wrong := read("x.toml", []byte(`a = [ 1, # one
   "2x", [ 3.5 ] ]
b.c = 'text'  # dotted
"d e" = { f = true, "g" = 1_0 }
[h]
  i = 1979-05-27
[[j]]
k = """
two"""
[[ j ]]
l.m = []
[j.n]
o = inf
`))
	if wrong != nil {
		t.Fatal(wrong)
	}
	var b strings.Builder
	dump(&b, root, values, "root", "")
	want := `root 1:1 table
  a 1:1 list of 3
    - 1:1 = 1:7 a whole number 1
    - 1:1 = 2:4 text 2x
    - 1:1 list of 1
      - 1:1 = 2:12 a number with a point or an exponent 3.5
  b 3:1 table
    c 3:3 = 3:7 text text
  d e 4:1 table
    f 4:11 = 4:15 true or false true
    g 4:21 = 4:27 a whole number 10
  h 5:2 table
    i 6:3 = 6:7 a date or time 1979-05-27
  j 7:3 list of 2
    - 7:3 table
      k 8:1 = 8:5 text two
    - 10:4 table
      l 11:1 table
        m 11:3 list of 0
      n 12:4 table
        o 13:1 = 13:5 a number with a point or an exponent +Inf
`
	if b.String() != want {
		t.Errorf("have\n%swant\n%s", b.String(), want)
	}
}
