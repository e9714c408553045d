// See Npy.h.
#include "Npy.h"

#include "train/Reference/Initializers.h"
#include "train/Support/Readable.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;

namespace train::reference {
namespace {

/// The text after `'key':` in a header, which is a Python dict literal.
StringRef valueOf(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "'").str());
  if (at == StringRef::npos)
    return "";
  StringRef rest = header.drop_front(at + key.size() + 2).ltrim();
  return rest.consume_front(":") ? rest.ltrim() : "";
}

/// The shape tuple "(2, 3)", "(2,)" or "()".
bool parseShape(StringRef text, SmallVectorImpl<int64_t> &shape) {
  if (!text.consume_front("("))
    return false;
  text = text.take_until([](char c) { return c == ')'; });
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t size;
    if (part = part.trim(); part.empty())
      continue;
    if (part.getAsInteger(10, size) || size < 0)
      return false;
    shape.push_back(size);
  }
  return true;
}

template <typename T> T load(const char *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

double halfAt(const char *data) {
  llvm::APFloat half(llvm::APFloat::IEEEhalf(), llvm::APInt(16, load<uint16_t>(data)));
  bool losesInfo = false;
  half.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
               &losesInfo);
  return half.convertToDouble();
}

/// How one element of a NumPy type is read.
struct Reader {
  const char *descr;
  size_t bytes;
  double (*asFloat)(const char *);
  int64_t (*asInteger)(const char *);
};

template <typename T> double loadFloat(const char *data) {
  return static_cast<double>(load<T>(data));
}
template <typename T> int64_t loadInteger(const char *data) {
  return static_cast<int64_t>(load<T>(data));
}

constexpr Reader kReaders[] = {{"<f8", 8, loadFloat<double>, nullptr},
                               {"<f4", 4, loadFloat<float>, nullptr},
                               {"<f2", 2, halfAt, nullptr},
                               {"<i8", 8, nullptr, loadInteger<int64_t>},
                               {"<i4", 4, nullptr, loadInteger<int32_t>},
                               {"<i2", 2, nullptr, loadInteger<int16_t>},
                               {"|i1", 1, nullptr, loadInteger<int8_t>},
                               {"<u4", 4, nullptr, loadInteger<uint32_t>},
                               {"<u2", 2, nullptr, loadInteger<uint16_t>},
                               {"|u1", 1, nullptr, loadInteger<uint8_t>},
                               {"|b1", 1, nullptr, loadInteger<uint8_t>}};

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "(";
  for (int64_t size : shape)
    text += std::to_string(size) + ", ";
  if (!shape.empty())
    text.resize(text.size() - (shape.size() > 1 ? 2 : 1));
  return text + ")";
}

/// The NumPy type that `tensor` is written as.
std::string descrOf(const Tensor &tensor, bool asF64) {
  Type type = tensor.elementType;
  if (tensor.isFloat()) {
    if (asF64 || isa<Float64Type>(type))
      return "<f8";
    return isa<Float16Type>(type) ? "<f2" : "<f4";
  }
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return "|b1";
  case 8:
    return "|i1";
  case 32:
    return "<i4";
  default:
    return "<i8";
  }
}

} // namespace

TensorRef readNpy(StringRef file, RankedTensorType type, std::string &error) {
  auto fail = [&](const Twine &what) {
    error = (file + ": " + what).str();
    return nullptr;
  };
  if (std::string endless = findEndless(file.str()); !endless.empty())
    return fail("cannot be read: " + endless);
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(buffer.getError().message());
  StringRef content = (*buffer)->getBuffer();
  if (content.size() < 12 || !content.starts_with("\x93NUMPY"))
    return fail("is not a .npy file");
  bool isLong = content[6] >= 2;
  size_t length =
      isLong ? load<uint32_t>(content.data() + 8) : load<uint16_t>(content.data() + 8);
  size_t begin = isLong ? 12 : 10;
  if (length > content.size() - begin)
    return fail("has a header that ends beyond the file");
  StringRef header = content.substr(begin, length),
            data = content.drop_front(begin + length);

  StringRef descr = valueOf(header, "descr");
  descr.consume_front("'");
  descr = descr.take_until([](char c) { return c == '\''; });
  SmallVector<int64_t> shape;
  if (!parseShape(valueOf(header, "shape"), shape))
    return fail("has a header without a shape");
  if (valueOf(header, "fortran_order").starts_with("True"))
    return fail("is in Fortran order, expected C order");
  if (ArrayRef<int64_t>(shape) != type.getShape())
    return fail("has shape " + shapeText(shape) + ", expected " +
                shapeText(type.getShape()));
  const Reader *reader =
      llvm::find_if(kReaders, [&](const Reader &known) { return descr == known.descr; });
  if (reader == std::end(kReaders))
    return fail("has elements of type '" + descr + "', which is not read");
  auto tensor = std::make_shared<Tensor>(Tensor::zeros(type));
  if (tensor->isFloat() != (reader->asFloat != nullptr))
    return fail("has elements of type '" + descr + "', expected " +
                (tensor->isFloat() ? "floats" : "integers"));
  if (data.size() / reader->bytes < static_cast<uint64_t>(tensor->size()))
    return fail("holds " + Twine(data.size()) + " bytes of data, expected " +
                Twine(tensor->size() * reader->bytes));
  for (int64_t e = 0; e < tensor->size(); ++e) {
    const char *at = data.data() + e * reader->bytes;
    if (tensor->isFloat()) {
      tensor->f[e] = roundToType(reader->asFloat(at), type.getElementType());
      continue;
    }
    tensor->i[e] = reader->asInteger(at);
    if (wrapToType(tensor->i[e], type.getElementType()) != tensor->i[e])
      return fail("holds " + Twine(tensor->i[e]) + " at element " + Twine(e) +
                  ", which does not fit its type");
  }
  return tensor;
}

bool writeNpy(StringRef file, const Tensor &tensor, bool asF64, std::string &error) {
  std::string descr = descrOf(tensor, asF64);
  std::string header = "{'descr': '" + descr +
                       "', 'fortran_order': False, 'shape': " + shapeText(tensor.shape) +
                       ", }";
  // The data begins at a multiple of 64, and the header ends in a newline.
  while ((10 + header.size() + 1) % 64 != 0)
    header += ' ';
  header += '\n';

  Tensor stored = tensor;
  if (descr == "<f8")
    stored.elementType = Float64Type::get(tensor.elementType.getContext());
  else if (descr == "<f4")
    stored.elementType = Float32Type::get(tensor.elementType.getContext());
  std::vector<uint8_t> bytes = tensorBytes(stored);

  std::error_code code;
  llvm::raw_fd_ostream out(file, code);
  if (!code) {
    out << StringRef("\x93NUMPY\x01\x00", 8) << static_cast<char>(header.size() & 255)
        << static_cast<char>(header.size() >> 8) << header;
    out.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    out.close();
    code = out.error();
    out.clear_error();
  }
  if (!code)
    return true;
  error = (file + ": " + code.message()).str();
  return false;
}

} // namespace train::reference
