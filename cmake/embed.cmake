# embed.cmake -- what build.mjs has made, as constants in C.
# cmake -D FOLDER=... -P embed.cmake: page.html, .html.gz, .policy: page_html.c

function(embed_array name path out)
	file(READ ${path} bytes HEX)
	string(REGEX REPLACE "(................................)" "\\1\n"
		bytes "${bytes}")
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
	file(SIZE ${path} size)
	set(${out} "const unsigned char ${name}[${size}] = {\n${bytes}};
const unsigned long ${name}_bytes = ${size};\n" PARENT_SCOPE)
endfunction()

embed_array(leat__page_html ${FOLDER}/page.html html)
embed_array(leat__page_packed ${FOLDER}/page.html.gz packed)
file(READ ${FOLDER}/page.policy policy)
string(STRIP "${policy}" policy)
file(WRITE ${FOLDER}/page_html.c.new "/* Made by cmake/embed.cmake. */
extern const unsigned char leat__page_html[], leat__page_packed[];
extern const unsigned long leat__page_html_bytes, leat__page_packed_bytes;
extern const char leat__page_policy[];

${html}
${packed}
const char leat__page_policy[] = \"${policy}\";\n")
file(RENAME ${FOLDER}/page_html.c.new ${FOLDER}/page_html.c)
