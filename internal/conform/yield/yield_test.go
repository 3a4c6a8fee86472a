package yield

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryStatementIsPreceded(t *testing.T) {
	const src = `package p

//go:noinline
func f(c chan int) (n int) {
	for i := 0; i < 3; i++ { n += i }
loop:
	for {
		select {
		case <-c:
			break loop
		default:
		}
		switch { case n > 1: n--
			fallthrough
		default: return }
	}
	if n > 0 { return n } else if n < 0 { n = 0 }
	go func() { c <- 1 }()
	return
}
`
	const want = `package p

//go:noinline
func f(c chan int) (n int) {
	Y for i := 0; i < 3; i++ { Y n += i }
Y loop:
	for {
		Y select {
		case <-c:
			Y break loop
		default:
		}
		Y switch { case n > 1: Y n--
			Y fallthrough
		default: Y return }
	}
	Y if n > 0 { Y return n } else if n < 0 { Y n = 0 }
	Y go func() { Y c <- 1 }()
	Y return
}
`
	got, err := Source("p.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(want, "Y ", "crawlbenchYield(); "); string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "p.go", got, 0); err != nil {
		t.Error(err)
	}
}

func TestSharedOperandsAreLoadedAndStored(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"n++", "{ crawlbenchOld := n; Y; n = crawlbenchOld + 1 }"},
		{"n -= f(2)", "{ crawlbenchOld := n; Y; n = crawlbenchOld - (f(2)) }"},
		{"s.did.n--", "{ crawlbenchOld := s.did.n; Y; s.did.n = crawlbenchOld - 1 }"},
		{"a[i+1] <<= 3", "{ crawlbenchOld := a[i+1]; Y; a[i+1] = crawlbenchOld << (3) }"},
		{"*p &^= x | 1", "{ crawlbenchOld := *p; Y; *p = crawlbenchOld &^ (x | 1) }"},
		{"elsewhere += 1", "{ crawlbenchOld := elsewhere; Y; elsewhere = crawlbenchOld + (1) }"},
		{"i++", "i++"},             // local
		{"a[f(1)]++", "a[f(1)]++"}, // evaluated twice, f would be called twice
		{"n = n + 1", "n = n + 1"},
		// local to another function
		{"func() { i++ }()", "func() { Y; { crawlbenchOld := i; Y; i = crawlbenchOld + 1 } }()"},
		{"func() { k := 0; k++ }()", "func() { Y; k := 0; Y; k++ }()"},
	} {
		const head = "package p\n\nvar n int\n\nfunc g(a []int, i, x int, p *int) {\n\t"
		got, err := Source("p.go", []byte(head+test.src+"\n}\n"))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(head+"Y; "+test.want+"\n}\n", "Y;", "crawlbenchYield();")
		if string(got) != want {
			t.Errorf("%s became\n%s\nwant\n%s", test.src, got, want)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "p.go", got, 0); err != nil {
			t.Error(err)
		}
	}
}

func TestSyntaxErrorsHaveTheirPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.go"), []byte("package p\nfunc {"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Overlay(t.TempDir(), []Package{{Name: "p", Dir: dir, GoFiles: []string{"bad.go"}}})
	if err == nil || !strings.Contains(err.Error(), "bad.go:2:") {
		t.Errorf("error %v", err)
	}
}
