package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// smallJournal returns one record of each kind, the journal that holds them, and the offset of each line.
func smallJournal(t testing.TB) (want []Record, text []byte, lines []int) {
	p := testPlan(2)
	want = []Record{profileOf(p, 0), sampleOf(p, p.Schedule[0]), failureOf(p, p.Schedule[1])}
	for _, rec := range want {
		line, err := encode(rec)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, len(text))
		text = append(text, line...)
	}
	return want, text, append(lines, len(text))
}

// A journal truncated after n bytes has the records of its complete lines. Resume moves the rest to another file, and
// the next record is written in its place.
func TestJournalCutAtEveryByte(t *testing.T) {
	want, text, lines := smallJournal(t)
	p := testPlan(2)
	r := newRun(t, p)
	r.Close()
	next := profileOf(p, 2)
	journal, torn := filepath.Join(r.Dir(), journalFile), filepath.Join(r.Dir(), tornFile)
	step := 1
	if testing.Short() {
		step = 7
	}
	check := func(n, whole int) error {
		if err := os.WriteFile(journal, text[:n], 0o666); err != nil {
			return err
		}
		if err := os.RemoveAll(torn); err != nil {
			return err
		}
		rest := text[lines[whole]:n]
		q, err := Open(r.Dir())
		if err != nil {
			return err
		}
		if !sameRecords(q.Records(), want[:whole]) || (len(q.Warnings) == 0) != (len(rest) == 0) {
			return fmt.Errorf("opened: %d records, warnings %q", len(q.Records()), q.Warnings)
		}
		q, recovered, err := Resume(r.Dir())
		if err != nil {
			return err
		}
		defer q.Close()
		if !sameRecords(q.Records(), want[:whole]) {
			return fmt.Errorf("resumed: %d records", len(q.Records()))
		}
		kept, err := os.ReadFile(torn)
		switch {
		case len(rest) == 0 && (recovered != nil || !os.IsNotExist(err)):
			return fmt.Errorf("no torn record, but recovered %v, error %v", recovered, err)
		case len(rest) > 0 &&
			(err != nil || !bytes.Equal(kept, rest) || *recovered != Recovered{len(rest), whole + 1, torn}):
			return fmt.Errorf("recovered %+v, kept %q, %v", recovered, kept, err)
		}
		if err := q.Append(next); err != nil {
			return err
		}
		q, err = Open(r.Dir())
		if err != nil {
			return err
		}
		if !sameRecords(q.Records(), append(want[:whole:whole], next)) || q.Warnings != nil {
			return fmt.Errorf("after the next record: %d records, warnings %q", len(q.Records()), q.Warnings)
		}
		return nil
	}
	whole := 0
	for n := 0; n <= len(text); n++ {
		if whole < len(want) && n == lines[whole+1] {
			whole++
		}
		if n%step != 0 && n != lines[whole] {
			continue
		}
		if err := check(n, whole); err != nil {
			t.Fatalf("%d of %d bytes, %d complete records: %v", n, len(text), whole, err)
		}
	}
	if whole != len(want) {
		t.Fatalf("only %d records are complete at the end", whole)
	}
}

// sameRecords reports whether a and b are equal; nil equals an empty slice.
func sameRecords(a, b []Record) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

// parse reads a journal and returns the offset of its tail.
func parse(text []byte) (records []Record, bad *tail, offset int, err error) {
	j, err := readJournal(bytes.NewReader(text), int64(len(text)), nil)
	if err != nil {
		return nil, nil, 0, err
	}
	return j.records, j.bad, int(j.size), nil
}

// Every bit flip is detected: in the last line it makes a damaged tail, in any other it is an error. No record is ever
// read differently from how it was written.
func TestEveryBitFlipIsDetected(t *testing.T) {
	want, text, lines := smallJournal(t)
	line := 0
	for i := range text {
		if i == lines[line+1] {
			line++
		}
		for bit := range 8 {
			text[i] ^= 1 << bit
			records, bad, offset, err := parse(text)
			text[i] ^= 1 << bit
			// A missing line feed joins two lines.
			last := line == len(want)-1 || i == lines[len(want)-1]-1
			switch {
			case last && (err != nil || bad == nil || offset != lines[line] || !sameRecords(records, want[:line])):
				t.Fatalf("byte %d bit %d: %d records, tail %v, error %v", i, bit, len(records), bad, err)
			case !last && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d is damaged", line+1))):
				t.Fatalf("byte %d bit %d, in line %d: %d records, error %v", i, bit, line+1, len(records), err)
			}
		}
	}
}

func TestDamageInTheMiddleIsAnError(t *testing.T) {
	_, text, lines := smallJournal(t)
	r := newRun(t, testPlan(2))
	r.Close()
	reject := func(journal []byte, words ...string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(r.Dir(), journalFile), journal, 0o666); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, r.Dir())
		_, err := Open(r.Dir())
		wantError(t, err, append(words, filepath.Join(r.Dir(), journalFile))...)
		_, _, err = Resume(r.Dir())
		wantError(t, err, append(words, filepath.Join(r.Dir(), journalFile))...)
		if !maps.Equal(before, snapshot(t, r.Dir())) {
			t.Error("the run was changed")
		}
	}
	damaged := bytes.Clone(text)
	damaged[lines[1]+40] ^= 1
	reject(damaged, "line 2 is damaged", "checksum", "line 3 is valid")
	reject(append([]byte("\n"), text...), "line 1 is damaged", "line 2 is valid")
	reject(append(text[:lines[1]-1:lines[1]-1], text[lines[1]:]...), "line 1 is damaged", "line 2 is valid")
	reject(append(bytes.Clone(text), text[lines[1]:lines[2]]...), "line 4", "round 1 slot 1", "recorded twice")
	foreign, err := encode(Record{Kind: KindProfile, Round: -1, Slot: 3, Profile: &Profile{}})
	if err != nil {
		t.Fatal(err)
	}
	reject(append(bytes.Clone(text), foreign...), "line 4", "profile pass 4", "do not belong together")
}

func TestEveryTornTailIsKept(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p, sampleOf(p, p.Schedule[0]))
	r.Close()
	for range 2 {
		f, err := os.OpenFile(filepath.Join(r.Dir(), journalFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("{\"crc\":\"torn\n"); err != nil {
			t.Fatal(err)
		}
		f.Close()
		q, recovered, err := Resume(r.Dir())
		if err != nil {
			t.Fatal(err)
		}
		q.Close()
		if s := recovered.String(); !strings.Contains(s, "13 bytes from line 2") || !strings.Contains(s, tornFile) {
			t.Error(s)
		}
	}
	if kept := snapshot(t, r.Dir())[tornFile]; kept != strings.Repeat("{\"crc\":\"torn\n", 2) {
		t.Errorf("kept %q", kept)
	}
}

// A journal with CRLF, as from a git checkout, or with an editor's byte order mark is valid and can be continued.
func TestJournalWithCRLF(t *testing.T) {
	want, text, lines := smallJournal(t)
	p := testPlan(2)
	dos := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
	mixed := append(dos(text[:lines[1]]), text[lines[1]:]...)
	mark := []byte("\ufeff")
	for what, journal := range map[string][]byte{
		"all": dos(text), "some": mixed,
		"a byte order mark": append(bytes.Clone(mark), text...), "both": append(bytes.Clone(mark), dos(text)...),
	} {
		for _, torn := range []string{"", "{\"crc\":\"to", "{\"crc\":\"torn\r\n", "\r\n", "\r"} {
			r := newRun(t, p)
			r.Close()
			if err := os.WriteFile(r.path(journalFile), append(bytes.Clone(journal), torn...), 0o666); err != nil {
				t.Fatal(err)
			}
			followed, errFollow := Follow(r.Dir()).Next()
			q, err := Open(r.Dir())
			if err != nil || !sameRecords(q.Records(), want) || errFollow != nil || !sameRecords(followed, want) ||
				(q.Warnings == nil) != (torn == "") {
				t.Fatalf("%s, torn %q: %v, %v", what, torn, err, errFollow)
			}
			q, recovered, err := Resume(r.Dir())
			if err != nil || (recovered == nil) != (torn == "") {
				t.Fatalf("%s, torn %q: %v, %v", what, torn, recovered, err)
			}
			if kept := snapshot(t, r.Dir())[tornFile]; kept != torn {
				t.Errorf("%s: kept %q of %q", what, kept, torn)
			}
			next := profileOf(p, 2)
			if err := errors.Join(q.Append(next), q.Update(func(*Manifest) {}), q.Close()); err != nil {
				t.Fatal(err)
			}
			q, err = Open(r.Dir())
			if err != nil || !sameRecords(q.Records(), append(want[:3:3], next)) || q.Warnings != nil {
				t.Errorf("%s, torn %q: %d records, %v", what, torn, len(q.Records()), err)
			}
		}
	}
}

// Lines of any length are read correctly, wherever block boundaries fall.
func TestLinesLongerThanABlock(t *testing.T) {
	p := testPlan(2)
	r := newRun(t, p)
	var want []Record
	for i, size := range []int{1, blockSize - 300, 3 * blockSize, 10, blockSize + 1, 2 * blockSize} {
		rec := failureOf(p, p.Schedule[i])
		rec.Failure.Message = strings.Repeat("x", size)
		if err := r.Append(rec); err != nil {
			t.Fatal(err)
		}
		want = append(want, rec)
	}
	q, err := Open(r.Dir())
	if err != nil || !sameRecords(q.Records(), want) {
		t.Errorf("%d records, want %d; %v", len(q.Records()), len(want), err)
	}
	rec := profileOf(p, 0)
	rec.Kind, rec.Profile, rec.Failure = KindFailure, nil, &Failure{Message: strings.Repeat("x", maxLine)}
	before := r.size
	wantError(t, r.Append(rec), "want at most", "shorten the scenario's samples")
	r.size = maxJournal - 10
	wantError(t, r.Append(profileOf(p, 0)), "start another run")
	r.size = before
	if err := r.Append(profileOf(p, 0)); err != nil {
		t.Error(err)
	}
}

// FuzzJournal reads any text followed by a line with any record and a correct checksum.
func FuzzJournal(f *testing.F) {
	_, text, lines := smallJournal(f)
	rec := func(from, to int) []byte {
		line := text[from:to]
		return line[len(linePrefix)+8+len(lineMiddle) : len(line)-len(lineSuffix)]
	}
	f.Add([]byte{}, rec(lines[0], lines[1]))
	f.Add(text[:lines[1]], rec(lines[1], lines[2]))
	f.Add(text, []byte("null"))
	f.Add(text[:len(text)-3], []byte(`{"kind":"sample","round":9223372036854775807,"slot":-9}`))
	f.Add([]byte("\n\n{}\n"), []byte(`[]`))
	f.Add(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), rec(lines[1], lines[2]))
	f.Fuzz(func(t *testing.T, text, rec []byte) {
		text = fmt.Appendf(text, "%s%s%s%s%s", linePrefix, checksum(rec), lineMiddle, rec, lineSuffix)
		records, bad, size, err := parse(text)
		if err != nil {
			return
		}
		var read, back Record
		if json.Unmarshal(rec, &read) == nil {
			own, _ := json.Marshal(read)
			if err := json.Unmarshal(own, &back); err != nil || !reflect.DeepEqual(read, back) {
				t.Fatalf("%s is read as %+v, %v", own, back, err)
			}
		}
		if rest := len(text) - size; bad == nil && rest != 0 || bad != nil && bad.size != int64(rest) {
			t.Fatalf("after %d bytes the tail is %+v", size, bad)
		}
		if n := bytes.Count(text[:size], []byte("\n")); n != len(records) || bad != nil && bad.line != n+1 {
			t.Fatalf("%d records in %d lines, then %+v", len(records), n, bad)
		}
		again, none, _, err := parse(text[:size])
		if err != nil || none != nil || !sameRecords(again, records) {
			t.Fatalf(
				"without its tail it has %d records, want %d: tail %v, error %v", len(again), len(records), none, err,
			)
		}
		run := &Run{plan: testPlan(2)}
		if run.index(records) != nil {
			return
		}
		for _, rec := range run.Samples() {
			if _, err := json.Marshal(rec); err != nil || len(rec.Sample.Values) < len(Units()) {
				t.Fatalf("%+v was accepted as a sample: %v", rec, err)
			}
		}
		if slots, passes := run.Pending(); len(slots)+len(passes)+len(records) > 6+3 {
			t.Fatalf("%d slots and %d passes are pending after %d records", len(slots), len(passes), len(records))
		}
	})
}
