package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/plan"
)

// blockOf returns the records of a block of the slots.
func blockOf(p *plan.Plan, slots ...plan.Slot) (recs []Record) {
	for i, s := range slots {
		rec := sampleOf(p, s)
		rec.More = len(slots) - 1 - i
		rec.Sample.Slices = []Slice{{Crawls: 1, Seconds: 0.1}, {Crawls: 1, Seconds: 0.2}}
		rec.Sample.Outside = 0.001
		recs = append(recs, rec)
	}
	return recs
}

// However long the part of the journal is that a killed process wrote, a block counts as a whole or not at all, and
// the resumed run takes again what is missing.
func TestBlockCutAtEveryByteIsTakenAgain(t *testing.T) {
	p := testPlan(3)
	blocks := [][]Record{
		blockOf(p, p.Schedule[:3]...), {sampleOf(p, p.Schedule[3])}, blockOf(p, p.Schedule[4:6]...),
	}
	r := newRun(t, p)
	ends, records := []int{0}, []int{0}
	for _, b := range blocks {
		if err := r.Append(b...); err != nil {
			t.Fatal(err)
		}
		ends, records = append(ends, int(r.size)), append(records, len(r.Records()))
	}
	path := filepath.Join(r.Dir(), journalFile)
	text, err := os.ReadFile(path)
	if err != nil || len(text) != ends[3] {
		t.Fatalf("%d bytes, want %d: %v", len(text), ends[3], err)
	}
	r.Close()
	whole := 0
	for n := range len(text) + 1 {
		if n == ends[min(whole+1, 3)] {
			whole = min(whole+1, 3)
		}
		j, err := readJournal(bytes.NewReader(text[:n]), int64(n), nil)
		if err != nil || len(j.records) != records[whole] || j.size != int64(ends[whole]) {
			t.Fatalf("of %d bytes: %d records in %d bytes, want %d in %d; error %v", n, len(j.records), j.size,
				records[whole], ends[whole], err)
		}
		if cut := n - ends[whole]; (j.bad != nil) != (cut > 0) ||
			cut > 0 && (j.bad.size != int64(cut) || j.bad.line != records[whole]+1) {
			t.Fatalf("of %d bytes: the tail is %+v, want %d bytes from line %d", n, j.bad, cut, records[whole]+1)
		}
		if n%97 != 0 && n != ends[3]-1 && text[max(0, n-1)] != '\n' {
			continue
		}
		if err := os.WriteFile(path, text[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		resumed, recovered, err := Resume(r.Dir())
		if err != nil {
			t.Fatal(err)
		}
		if (recovered != nil) != (n > ends[whole]) {
			t.Errorf("of %d bytes: recovered %v", n, recovered)
		}
		for _, b := range blocks[whole:] {
			if err := resumed.Append(b...); err != nil {
				t.Fatal(err)
			}
		}
		resumed.Close()
		if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, text) {
			t.Fatalf("resumed after %d bytes, the journal differs: %v", n, err)
		}
	}
}

func TestIncompleteBlocksAreNotAppended(t *testing.T) {
	p := testPlan(3)
	r := newRun(t, p)
	block := blockOf(p, p.Schedule[:3]...)
	other := blockOf(p, p.Schedule[:3]...)
	other[1].Round, other[1].Slot, other[1].Cell = 1, p.Schedule[4].Slot, p.Cells[p.Schedule[4].Cell].ID()
	for name, recs := range map[string][]Record{
		"without its end":  block[:2],
		"without a middle": {block[0], block[2]},
		"of two rounds":    other,
		"a failure": {{Kind: KindFailure, Cell: block[0].Cell, More: 1, Failure: &Failure{}}, block[1],
			block[2]},
	} {
		if err := r.Append(recs...); err == nil || !strings.Contains(err.Error(), "block") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if len(r.Records()) > 0 || r.size > 0 {
		t.Fatalf("%d records", len(r.Records()))
	}
	if err := r.Append(block...); err != nil {
		t.Error(err)
	}
}

// A line that is taken out of a block by hand is an error, not a smaller block.
func TestBlockWithoutALineIsAnError(t *testing.T) {
	p := testPlan(3)
	r := newRun(t, p)
	if err := r.Append(blockOf(p, p.Schedule[:3]...)...); err != nil {
		t.Fatal(err)
	}
	if err := r.Append(sampleOf(p, p.Schedule[3])); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.Dir(), journalFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(bytes.Lines(text))
	for i, want := range map[int][]string{
		1: {"line 2 does not continue the block of line 1", "delete line 1 to"},
		2: {"line 3 does not continue the block of line 2", "delete lines 1 to 2 to"},
	} {
		edited := bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil)
		if err := os.WriteFile(path, edited, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Open(r.Dir())
		wantError(t, err, want...)
	}
}

// A follower sees a block when it is complete, also across the reads of a large journal.
func TestFollowerSeesWholeBlocks(t *testing.T) {
	p := testPlan(3)
	r := newRun(t, p)
	block := blockOf(p, p.Schedule[:3]...)
	for i := range block {
		block[i].Sample.Counts = map[string]float64{strings.Repeat("x", blockSize): 1}
	}
	if err := r.Append(block...); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.Dir(), journalFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := Follow(r.Dir())
	for _, n := range []int{len(text) / 2, len(text) - 1, len(text), len(text)} {
		if err := os.WriteFile(path, text[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		recs, err := f.Next()
		if want := map[bool]int{true: 3}[n == len(text)]; err != nil || len(recs) != want && f.offset != int64(n) {
			t.Errorf("of %d bytes: %d records, want %d: %v", n, len(recs), want, err)
		}
	}
	if again, err := Open(r.Dir()); err != nil || again.Changed() != nil || !sameRecords(again.Records(), block) {
		t.Errorf("the block was read otherwise than written: %v", err)
	}
}

func TestInvalidSlicesAreRejected(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p)
	for name, change := range map[string]func(*Sample){
		"a crawl too few":           func(s *Sample) { s.Slices = s.Slices[:1] },
		"a crawl too many":          func(s *Sample) { s.Slices[0].Crawls = 2 },
		"no crawls":                 func(s *Sample) { s.Slices = append(s.Slices, Slice{Seconds: 1}) },
		"no time":                   func(s *Sample) { s.Slices[1].Seconds = 0 },
		"less time than its crawls": func(s *Sample) { s.Slices[1].Seconds = 0.1 },
		"more time than its crawls": func(s *Sample) { s.Seconds[0] = 0 },
		"negative processor time":   func(s *Sample) { s.Slices[1].CPU = -1 },
		"negative outside":          func(s *Sample) { s.Outside = -1 },
		"crawls wrap round": func(s *Sample) {
			s.Slices = []Slice{{1 << 62, 1, 0}, {1 << 62, 1, 0}, {1 << 62, 1, 0},
				{1<<62 + 2, 1, 0}}
		},
	} {
		rec := blockOf(p, p.Schedule[0])[0]
		change(rec.Sample)
		if err := r.Append(rec); err == nil || !strings.Contains(err.Error(), "invalid") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := r.Append(blockOf(p, p.Schedule[0])...); err != nil {
		t.Error(err)
	}
}
