# cmake -DOUTPUT=FILE -DPAGE=FILE -DSCRIPTS=FILE,... -P EmbedText.cmake: the files as C++ string literals, so
# that what is a page can be edited as one.

function(literal file result)
  file(READ ${file} text)
  set(${result} "R\"embedded(${text})embedded\"" PARENT_SCOPE)
endfunction()

literal(${PAGE} page)
set(content "// Made by cmake/EmbedText.cmake.\n")
string(APPEND content "inline constexpr char kMemoryPage[] = ${page};\n")
string(APPEND content "inline constexpr const char *kMemoryPageScripts[] = {\n")
string(REPLACE "," ";" SCRIPTS "${SCRIPTS}")
foreach(script IN LISTS SCRIPTS)
  literal(${script} text)
  string(APPEND content "${text},\n")
endforeach()
string(APPEND content "};\n")
file(WRITE ${OUTPUT} "${content}")
