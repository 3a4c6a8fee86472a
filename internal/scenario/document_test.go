package scenario

import (
	"fmt"
	"strings"
	"testing"
)

// dump writes a table as lines of line:column key, and below it what it holds.
func dump(b *strings.Builder, t *table, indent string) {
	for _, e := range t.entries {
		fmt.Fprintf(b, "%s%d:%d %s", indent, e.line, e.col, e.key)
		e.value.dump(b, indent)
	}
}

func (v value) dump(b *strings.Builder, indent string) {
	fmt.Fprintf(b, " = %d:%d %s %q\n", v.line, v.col, v.kindName(), v.text)
	for _, element := range v.array {
		b.WriteString(indent + "  -")
		element.dump(b, indent+"  ")
	}
	if v.table != nil {
		dump(b, v.table, indent+"  ")
	}
}

// The parser's tree is not covered by its module's promise of compatibility: this is what it has to keep.
func TestPositionsOfTheParser(t *testing.T) {
	root, wrong := read("x.toml", []byte(`a = [ 1, # one
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
	dump(&b, root, "")
	want := `1:1 a = 1:1 a list ""
  - = 1:7 a whole number "1"
  - = 2:4 text "2x"
  - = 1:1 a list ""
    - = 2:12 a number with a point or an exponent "3.5"
3:1 b = 3:1 a table ""
  3:3 c = 3:7 text "text"
4:1 d e = 4:1 a table ""
  4:11 f = 4:15 true or false "true"
  4:21 g = 4:27 a whole number "1_0"
5:2 h = 5:2 a table ""
  6:3 i = 6:7 a date or time "1979-05-27"
7:3 j = 7:3 a list ""
  - = 7:3 a table ""
    8:1 k = 8:5 text "two"
  - = 10:4 a table ""
    11:1 l = 11:1 a table ""
      11:3 m = 11:3 a list ""
    12:4 n = 12:4 a table ""
      13:1 o = 13:5 a number with a point or an exponent "inf"
`
	if b.String() != want {
		t.Errorf("have\n%swant\n%s", b.String(), want)
	}
}
