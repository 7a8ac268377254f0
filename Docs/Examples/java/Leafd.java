import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

/**
 * IDs from leafd, without a library. Run: java Leafd.java [SOCKET [TAG]]; then Enter for each further ID.
 * Threads may share it. A Java program cannot fork, so that pool and connection have one process.
 */
public class Leafd {
    /** What leafd has refused, and why. */
    public static class Refusal extends RuntimeException {
        Refusal(String text) { super(text); }
    }

    private static final int SIZE = 1000;
    private final UnixDomainSocketAddress address;
    private final Map<String, ArrayDeque<long[]>> pools = new HashMap<>();
    private Connection connection;

    public Leafd(String path) { address = UnixDomainSocketAddress.of(path); }

    /** One ID out of the pool, which leases a thousand at a time. */
    public synchronized long take(String tag) throws IOException {
        ArrayDeque<long[]> pool = pools.computeIfAbsent(tag, t -> new ArrayDeque<>());
        if (pool.isEmpty()) {
            List<Long> ends = ask("LEASE", tag, SIZE);
            for (int i = 0; i < ends.size(); i += 2) pool.add(new long[] {ends.get(i), ends.get(i + 1)});
        }
        long[] range = pool.peek();
        if (range[0] == range[1]) pool.remove();
        return range[0]++;
    }

    /** The integers in the reply to one request. */
    public synchronized List<Long> ask(Object... words) throws IOException {
        try {
            return exchange(words);
        } catch (IOException e) {
            return exchange(words); // once more, on a new connection; IDs whose reply was lost are a gap
        }
    }

    private List<Long> exchange(Object[] words) throws IOException {
        // Kept only when the reply has been read whole, so that nobody reads another's.
        Connection own = connection != null ? connection : new Connection(address);
        connection = null;
        try {
            own.send(words);
            List<Long> ids = new ArrayList<>();
            String refusal = own.read(ids);
            connection = own;
            if (refusal != null) throw new Refusal(refusal);
            return ids;
        } finally {
            if (connection == null) own.close();
        }
    }

    /** A channel that does not block, since one that does knows no deadline. */
    private static class Connection {
        final SocketChannel channel;
        final Selector selector;
        final ByteBuffer input = ByteBuffer.allocate(65536).flip();

        Connection(UnixDomainSocketAddress address) throws IOException {
            channel = SocketChannel.open(address);
            selector = Selector.open();
            channel.configureBlocking(false).register(selector, SelectionKey.OP_READ);
        }

        void close() throws IOException {
            selector.close();
            channel.close();
        }

        void send(Object[] words) throws IOException {
            StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
            for (Object word : words) {
                request.append("$" + word.toString().getBytes(UTF_8).length + "\r\n" + word + "\r\n");
            }
            ByteBuffer output = UTF_8.encode(request.toString());
            while (output.hasRemaining()) channel.write(output);
        }

        /** Adds the reply's integers to ids; gives the text of an error. */
        String read(List<Long> ids) throws IOException {
            String line = readLine(), text = line.substring(1);
            if (text.startsWith("SHUTDOWN")) throw new IOException(text);
            switch (line.charAt(0)) {
                case '-': return text;
                case ':': ids.add(Long.parseLong(text)); return null;
                case '*': for (int i = Integer.parseInt(text); i > 0; i--) read(ids); return null;
                default: throw new IllegalStateException("neither integers nor an error: " + line);
            }
        }

        private String readLine() throws IOException {
            var line = new ByteArrayOutputStream();
            for (int b = readByte(); b != '\n'; b = readByte()) line.write(b);
            return line.toString(UTF_8).stripTrailing();
        }

        private byte readByte() throws IOException {
            while (!input.hasRemaining()) {
                if (selector.select(5000) == 0) throw new IOException("leafd has not answered for 5 s");
                selector.selectedKeys().clear();
                int count = channel.read(input.clear());
                input.flip();
                if (count < 0) throw new EOFException("leafd has closed the connection");
            }
            return input.get();
        }
    }

    public static void main(String[] args) throws IOException {
        Leafd leafd = new Leafd(args.length > 0 ? args[0] : "/run/leafd/leafd.sock");
        String tag = args.length > 1 ? args[1] : "orders";
        System.out.println(leafd.ask("NEXT", tag).get(0));
        System.out.println(leafd.ask("NEXT", tag, 3).stream().map(String::valueOf).collect(joining(" ")));
        var lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) System.out.println(leafd.take(tag));
    }
}
