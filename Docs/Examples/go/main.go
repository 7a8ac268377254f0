// IDs from leafd, without a library. Run: go run main.go [SOCKET [TAG]]; then Enter for each further ID.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Refusal is what leafd has refused, and why.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Leafd asks leafd; goroutines may share it. A Go program cannot fork, so that pool and connection have one process.
type Leafd struct {
	path   string
	lock   sync.Mutex
	conn   net.Conn
	reader *bufio.Reader
	pools  map[string][]int64 // by tag: first, last, first, last…
}

func NewLeafd(path string) *Leafd { return &Leafd{path: path, pools: map[string][]int64{}} }

// Take gives one ID out of the pool, which leases a thousand at a time.
func (l *Leafd) Take(tag string) (int64, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if len(l.pools[tag]) == 0 {
		ranges, err := l.askTwice("LEASE", tag, "1000")
		if err != nil {
			return 0, err
		}
		l.pools[tag] = ranges
	}
	pool := l.pools[tag]
	id := pool[0]
	if pool[0]++; pool[0] > pool[1] {
		l.pools[tag] = pool[2:]
	}
	return id, nil
}

// Ask gives the reply to one request: its integers.
func (l *Leafd) Ask(words ...string) ([]int64, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.askTwice(words...)
}

// A broken connection is made anew, once. IDs whose reply was lost are a gap.
func (l *Leafd) askTwice(words ...string) ([]int64, error) {
	ids, err := l.exchange(words)
	if _, refused := err.(Refusal); err != nil && !refused {
		ids, err = l.exchange(words)
	}
	return ids, err
}

func (l *Leafd) exchange(words []string) (ids []int64, err error) {
	if l.conn == nil {
		if l.conn, err = net.DialTimeout("unix", l.path, 5*time.Second); err != nil {
			l.conn = nil
			return nil, err
		}
		l.reader = bufio.NewReader(l.conn)
	}
	l.conn.SetDeadline(time.Now().Add(5 * time.Second))
	request := fmt.Sprintf("*%d\r\n", len(words))
	for _, word := range words {
		request += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
	}
	if _, err = l.conn.Write([]byte(request)); err == nil {
		ids, err = l.read()
	}
	if _, refused := err.(Refusal); err != nil && !refused {
		l.conn.Close() // so that nobody reads a reply that comes later
		l.conn = nil
	}
	return ids, err
}

func (l *Leafd) read() ([]int64, error) {
	line, err := l.reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(line[1:])
	switch {
	case strings.HasPrefix(line, "-SHUTDOWN"):
		return nil, errors.New(text)
	case line[0] == '-':
		return nil, Refusal(text)
	case line[0] == ':':
		id, err := strconv.ParseInt(text, 10, 64)
		return []int64{id}, err
	case line[0] == '*':
		count, err := strconv.Atoi(text)
		ids := []int64{}
		for i := 0; i < count && err == nil; i++ {
			var id []int64
			id, err = l.read()
			ids = append(ids, id...)
		}
		return ids, err
	}
	return nil, fmt.Errorf("neither integers nor an error: %q", line)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "leafd:", err)
		os.Exit(1)
	}
}

func main() {
	path, tag := "/run/leafd/leafd.sock", "orders"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	if len(os.Args) > 2 {
		tag = os.Args[2]
	}
	leafd := NewLeafd(path)
	ids, err := leafd.Ask("NEXT", tag)
	check(err)
	fmt.Println(ids[0])
	ids, err = leafd.Ask("NEXT", tag, "3")
	check(err)
	fmt.Println(ids[0], ids[1], ids[2])
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		id, err := leafd.Take(tag)
		check(err)
		fmt.Println(id)
	}
}
