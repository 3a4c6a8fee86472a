package host

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"os"
)

// ID identifies this machine until it restarts, by 12 hex digits. It hashes the kernel's identifier of the boot, which
// all containers of a machine share, or where there is none the name of the host.
func ID() string {
	name, _ := os.Hostname()
	sum := sha256.Sum256([]byte("machine " + cmp.Or(firstLine("/proc/sys/kernel/random/boot_id"), name)))
	return hex.EncodeToString(sum[:6])
}

// Model names the kind of machine that a fingerprint is of: machines of different models are not averaged.
func Model(f map[string]string) string {
	return f["cores"] + " cores of " + cmp.Or(f["cpu"], f["os"]+"/"+f["arch"])
}
