package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Sum returns the SHA-256 sum of text in hex digits.
func Sum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Same reports whether other is this run, by whatever name, or has the same records, as a copy has.
func (r *Run) Same(other *Run) bool {
	if a, err := os.Stat(r.dir); err == nil {
		if b, err := os.Stat(other.dir); err == nil && os.SameFile(a, b) {
			return true
		}
	}
	a, b := r.manifest.Sums.Journal, other.manifest.Sums.Journal
	return a != nil && b != nil && a.Count > 0 && *a == *b
}

// unixLines returns text with CRLF, which a git checkout may have produced, replaced by line feeds.
func unixLines(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// withoutMark returns text without the byte order mark with which editors may begin a file.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// encodeManifest returns the text of a manifest including its own sum.
func encodeManifest(m Manifest) ([]byte, error) {
	m.Sums.Manifest = ""
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	m.Sums.Manifest = Sum(text)
	if text, err = json.MarshalIndent(m, "", "  "); err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// checkManifest returns an error if the text or its scenario does not match its sum. A manifest of an older program,
// which has no sums, passes.
func checkManifest(text []byte, m Manifest) error {
	if m.Sums.Manifest == "" {
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return err
	}
	blank := bytes.Replace(compact.Bytes(), fmt.Appendf(nil, `"manifest":%q`, m.Sums.Manifest),
		[]byte(`"manifest":""`), 1)
	if Sum(blank) != m.Sums.Manifest || m.Sums.Scenario != "" && Sum([]byte(m.ScenarioText)) != m.Sums.Scenario {
		return fmt.Errorf("%s was changed after crawlbench wrote it: the results may not be what was measured", manifestFile)
	}
	return nil
}

// checkPlan returns an error if the text of a plan does not match the sums in m.
func checkPlan(text []byte, m Manifest) error {
	if len(m.Sums.Plan) > 0 && !slices.Contains(m.Sums.Plan, Sum(unixLines(text))) {
		return fmt.Errorf("%s was changed after crawlbench wrote it, or belongs to another run: "+
			"the results may not be what was measured", planFile)
	}
	return nil
}

// checkJournal returns an error if the journal does not begin with the lines whose sum is in m.
func (m Manifest) checkJournal(j *journal) error {
	known := m.Sums.Journal
	switch {
	case known == nil:
		return nil
	case len(j.records) < known.Count:
		return fmt.Errorf("%s has %d records, but had %d when %s was written: the others are lost", journalFile,
			len(j.records), known.Count, manifestFile)
	case j.prefixSum != known.Sum:
		return fmt.Errorf("%s was changed after crawlbench wrote it, or belongs to another run: "+
			"the results may not be what was measured", journalFile)
	}
	return nil
}
