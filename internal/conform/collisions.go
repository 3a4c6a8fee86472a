package conform

import "strings"

// collision is a pair of URLs with the same hash, or the same part of it: low48 is its low 48 bits,
// high48 its high ones.
type collision struct{ hash, part, a, b string }

// crcPair has the same checksum under all CRCs of the standard library at once. CRCs are linear:
// exchanging b and c in one of 193 letters flips fixed bits of the 64 + 64 + 32 + 32 bits of checksums,
// and some set of exchanges cancels out.
var crcPair = [2]string{
	"https://h.example/" + strings.Repeat("b", 191),
	"https://h.example/" +
		"cbbbccbbbbbccbcbcbcbcbbccbbbbccbcccccbccbbccbbcbbcbbbcccbbccbbcbbccbbcccbbbbcccbbbcbbbcbcbbccbbc" +
		"bcbcccbbbbbcccbcbbbccbbcbcccbcbbbcbbbbbcccccbbcbcbccbbcbbbcbccbbbbcbccbbbbccbbccccbcccbbbbccccc",
}

// collisions were found by a birthday search over "https://h.example/" and 11 digits of base64, those of
// whole 64-bit hashes by Pollard's rho with distinguished points (van Oorschot and Wiener, Parallel
// collision search, 1999). A set that stores 32 or 40 bits of a 64-bit hash stores a part of these 48.
var collisions = []collision{
	{"adler32", "32", "https://h.example/-86-Ao28HLG", "https://h.example/5250S8CAc7H"},
	{"crc32", "32", "https://h.example/0EzWRFzQhRN", "https://h.example/c0yrYsVacpK"},
	{"crc32c", "32", "https://h.example/cKrzN5-BKQI", "https://h.example/TpAKzAkSqzB"},
	{"crc64", "full", crcPair[0], crcPair[1]},
	{"crc64ecma", "full", crcPair[0], crcPair[1]},
	{"crc32", "full", crcPair[0], crcPair[1]},
	{"crc32c", "full", crcPair[0], crcPair[1]},
	{"crc64", "high48", "https://h.example/5mEl4mkeQaA", "https://h.example/n8ILKmk5YQJ"},
	{"crc64", "low48", "https://h.example/aYW7d3atoZL", "https://h.example/Fr8b1f41XvD"},
	{"crc64ecma", "high48", "https://h.example/0c32prkVQyH", "https://h.example/0lxvwjYhqcA"},
	{"djb2", "high48", "https://h.example/9-3N233KydB", "https://h.example/7o3MQu4-JCB"},
	{"djb2", "low48", "https://h.example/S_6Pm8mmwlP", "https://h.example/yegBqt5-f4B"},
	{"fnv132", "32", "https://h.example/yLEYzajSyAL", "https://h.example/ECEzmlqDlLL"},
	{"fnv164", "high48", "https://h.example/EM-RXoYUJ_G", "https://h.example/fb70fjtMZzE"},
	{"fnv164", "low48", "https://h.example/ANrATGSSIOG", "https://h.example/k3rnBJgWLvL"},
	{"fnv1a32", "32", "https://h.example/7iPDu0e_LTF", "https://h.example/wMNdiFLAhiB"},
	{"fnv1a64", "full", "https://h.example/MZs3OEOf99N", "https://h.example/CZidBc6zhnI"},
	{"fnv1a64", "high48", "https://h.example/NPOjLO2nS0I", "https://h.example/9Txb9nQ1YYH"},
	{"fnv1a64", "low48", "https://h.example/jGMXX_9mlBG", "https://h.example/3_wvv7F9-VN"},
	{"java", "32", "https://h.example/rXvOx278z8G", "https://h.example/i3BVJaf-XXK"},
	{"murmur3-128", "high48", "https://h.example/LAkg9SB8cPM", "https://h.example/RWTeTv3NNhN"},
	{"murmur3-128", "low48", "https://h.example/TsCgvmmU0_I", "https://h.example/_Dsz6lHQL9L"},
	{"murmur3-32", "32", "https://h.example/hOZG8hA-DcD", "https://h.example/MaQwoeLkKTD"},
	{"sdbm", "high48", "https://h.example/w5a0Eh-AoMK", "https://h.example/SPU1x5Yy1zO"},
	{"sdbm", "low48", "https://h.example/35zzHecTJuA", "https://h.example/IAgCu7JmJQF"},
	{"xxhash64", "full", "https://h.example/G6FxBqe15mO", "https://h.example/DMT6DXHQhED"},
	{"xxhash64", "high48", "https://h.example/UenSjo_F0UN", "https://h.example/cZ0QLUuY1oI"},
}

// idCollision is a pair of ids with the same part of the hash of their bytes, little or big endian, or of their digits.
type idCollision struct {
	hash, of, part string
	a, b           uint32
}

// idCollisions were found by a birthday search.
var idCollisions = []idCollision{
	{"fnv1a64", "little", "low32", 3628145865, 3900238709},
	{"fnv1a64", "little", "high32", 2322779107, 1355041196},
	{"fnv1a64", "big", "low32", 2615053115, 68465227},
	{"fnv1a64", "big", "high32", 990145657, 1597098145},
	{"fnv1a64", "decimal", "low32", 1099606572, 1574941071},
	{"fnv1a64", "decimal", "high32", 1495514414, 2643299489},
	{"fnv1a64", "decimal", "low48", 1631647333, 1016559332},
	{"fnv1a64", "decimal", "high48", 3271303285, 1455259688},
	{"fnv1a32", "little", "low32", 4147065502, 3280769484},
	{"fnv1a32", "big", "low32", 2562965706, 2215836723},
	{"fnv1a32", "decimal", "low32", 283867387, 3790647503},
	{"xxhash64", "little", "low32", 663245663, 2959920875},
	{"xxhash64", "little", "high32", 2570254081, 3240078929},
	{"xxhash64", "little", "low48", 1985532332, 3085092188},
	{"xxhash64", "big", "low32", 2233639557, 1341383119},
	{"xxhash64", "big", "high32", 134586765, 1931464630},
	{"xxhash64", "big", "low48", 2786513553, 1871207296},
	{"xxhash64", "big", "high48", 2638408824, 1219821564},
	{"xxhash64", "decimal", "low32", 3963510215, 1932711530},
	{"xxhash64", "decimal", "high32", 3045811247, 2979948654},
	{"xxhash64", "decimal", "low48", 1650249339, 3252649599},
	{"xxhash64", "decimal", "high48", 1143966732, 268301714},
	{"murmur3-128", "little", "low32", 4018695054, 1276638772},
	{"murmur3-128", "little", "high32", 2023406387, 3381083221},
	{"murmur3-128", "little", "low48", 1511411993, 1999848060},
	{"murmur3-128", "little", "high48", 816706176, 33284281},
	{"murmur3-128", "big", "low32", 687899811, 1050321370},
	{"murmur3-128", "big", "high32", 3541960270, 448996390},
	{"murmur3-128", "big", "low48", 2418347379, 425656259},
	{"murmur3-128", "big", "high48", 1509975078, 3354458074},
	{"murmur3-128", "decimal", "low32", 4087265841, 1757894365},
	{"murmur3-128", "decimal", "high32", 3647005936, 1202862717},
	{"murmur3-128", "decimal", "low48", 2861430068, 3884229515},
	{"murmur3-128", "decimal", "high48", 2320564477, 736982659},
}
