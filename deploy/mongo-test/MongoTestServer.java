import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * A MongoDB wire server for tests, in memory, on a free port of the loopback.
 *
 * <p>Prints {@code listening PORT} once it serves, and ends when its standard input does, so that it never outlives
 * whoever started it.
 */
public final class MongoTestServer {

    /** The library knows wire version 8 at most; today's PyMongo asks for 4.4's (9) or later. */
    private static final class Version5 implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    }

    private MongoTestServer() {}

    public static void main(String[] arguments) throws Exception {
        MongoServer server = new MongoServer(new MemoryBackend().version(new Version5()));
        InetSocketAddress address = server.bind();
        System.out.println("listening " + address.getPort());
        System.out.flush();
        while (System.in.read() >= 0) {}
        server.shutdownNow();
    }
}
