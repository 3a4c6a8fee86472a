package measure

import (
	"encoding/json"

	"crawlbench/internal/store"
)

// MarshalJSON encodes j for a child process. Paths that are not valid UTF-8 are preserved.
func (j Job) MarshalJSON() ([]byte, error) {
	type plain Job
	return json.Marshal(struct {
		plain
		Cache, Dir store.Path
	}{plain(j), store.Path(j.Cache), store.Path(j.Dir)})
}

// UnmarshalJSON decodes what MarshalJSON encodes.
func (j *Job) UnmarshalJSON(text []byte) error {
	type plain Job
	var w struct {
		*plain
		Cache, Dir store.Path
	}
	w.plain = (*plain)(j)
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	j.Cache, j.Dir = string(w.Cache), string(w.Dir)
	return nil
}
